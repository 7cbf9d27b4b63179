// ingotd: the daemon's command line.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <map>
#include <optional>
#include <string>
#include <thread>

#include "daemon/app/commands.h"

namespace {

// Exit codes: 0, 1 for an error, 2 for a command line that is none (as CLI11
// has it, folded into one), 3 where a check found something.
constexpr int kError = 1;
constexpr int kUsage = 2;
constexpr int kFound = 3;

int Report(const ingot::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "ingotd: %s\n", status.error().message.c_str());
  return kError;
}

// Of a command that counts what is not as it should be.
int ReportFound(const ingot::Result<uint64_t>& found) {
  if (!found.ok()) return Report(found.error());
  return *found == 0 ? 0 : kFound;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Ingot's storage daemon.", "ingotd");
  app.footer(
      "Examples:\n"
      "  ingotd serve --data /var/lib/ingot\n"
      "  ingotd token create --data /var/lib/ingot --scope admin\n"
      "  ingotd compact --data /var/lib/ingot\n"
      "  ingotd gc --data /var/lib/ingot --dry-run\n"
      "  ingotd check --data /var/lib/ingot --read-data=10\n");
  app.set_version_flag("--version", std::string("ingotd ") + INGOT_VERSION);
  app.set_config("--config", "", "Options from a TOML file");
  app.allow_config_extras(CLI::config_extras_mode::error);
  bool print_config = false;
  app.add_flag("--print-config", print_config,
               "Print the options that are given, wherever, as --config takes "
               "them, and end")
      ->configurable(false);
  app.require_subcommand(1);
  std::string data;
  app.add_option("--data", data, "The store's folder")
      ->envname("INGOTD_DATA")
      ->required();
  app.fallthrough();

  auto* const serve = app.add_subcommand("serve", "Serve a store");
  ingot::app::ServeOptions options;
  serve
      ->add_option("--listen", options.listen,
                   "ADDRESS:PORT; without tokens a loopback address")
      ->envname("INGOTD_LISTEN")
      ->capture_default_str();
  options.threads = static_cast<int>(std::thread::hardware_concurrency());
  serve->add_option("--threads", options.threads, "That serve connections")
      ->envname("INGOTD_THREADS")
      ->check(CLI::Range(1, 256));
  auto* const certificate = serve->add_option(
      "--tls-certificate", options.tls.certificate,
      "A file with a chain in PEM; without: HTTP, not encrypted");
  auto* const key =
      serve->add_option("--tls-key", options.tls.key, "Its key, a file in PEM");
  certificate->envname("INGOTD_TLS_CERTIFICATE")->needs(key);
  key->envname("INGOTD_TLS_KEY")->needs(certificate);
  serve
      ->add_option("--public-url", options.public_url,
                   "As clients call the daemon, behind a proxy: "
                   "https://HOST[:PORT]")
      ->envname("INGOTD_PUBLIC_URL");
  serve
      ->add_option("--connections", options.connections,
                   "At once, as far as open files are allowed")
      ->envname("INGOTD_CONNECTIONS")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  serve
      ->add_option("--connections-per-address", options.connections_per_address,
                   "At once, from one address")
      ->envname("INGOTD_CONNECTIONS_PER_ADDRESS")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  serve
      ->add_option("--buffer-memory", options.buffer_mebibytes,
                   "MiB, about, for files that are being sent; as much again "
                   "for those that come")
      ->envname("INGOTD_BUFFER_MEMORY")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  serve->add_option("--log", options.log.file, "A file; without: stderr")
      ->envname("INGOTD_LOG");
  using ingot::observe::LogLevel;
  const std::map<std::string, LogLevel> levels = {
      {"debug", LogLevel::kDebug},
      {"info", LogLevel::kInfo},
      {"warning", LogLevel::kWarning},
      {"error", LogLevel::kError}};
  serve
      ->add_option("--log-level", options.log.least,
                   "The least to be logged: debug, info, warning or error")
      ->envname("INGOTD_LOG_LEVEL")
      ->transform(CLI::CheckedTransformer(levels).description(""))
      ->type_name("LEVEL");
  const std::map<std::string, bool> formats = {{"json", true}, {"text", false}};
  serve
      ->add_option("--log-format", options.log.json,
                   "Of its lines: json or text")
      ->envname("INGOTD_LOG_FORMAT")
      ->transform(CLI::CheckedTransformer(formats).description(""))
      ->type_name("FORMAT");
  serve
      ->add_option("--rate", options.rate.rate,
                   "Requests a second from one address; 0: any number")
      ->envname("INGOTD_RATE")
      ->check(CLI::Range(0.0, 1e6))
      ->capture_default_str();
  serve
      ->add_option("--burst", options.rate.burst,
                   "Requests at once, before --rate holds")
      ->envname("INGOTD_BURST")
      ->check(CLI::Range(1.0, 1e6))
      ->capture_default_str();
  serve
      ->add_flag("--rate-loopback", options.rate.limits_loopback,
                 "Count this machine's own requests, too")
      ->envname("INGOTD_RATE_LOOPBACK");

  serve
      ->add_option("--compact", options.compact,
                   "Pack what is uploaded, in the background")
      ->envname("INGOTD_COMPACT")
      ->capture_default_str();
  serve
      ->add_option("--multipart-bytes", options.multipart_bytes,
                   "The Hub's clients send longer files in parts; 0: none")
      ->envname("INGOTD_MULTIPART_BYTES")
      ->capture_default_str();

  const auto hours = CLI::Range(uint64_t{0}, uint64_t{24 * 36'500});
  serve
      ->add_option("--collect", options.collect_hours,
                   "Hours between collections of what is of no use; 0: none")
      ->envname("INGOTD_COLLECT")
      ->check(hours)
      ->capture_default_str();
  serve
      ->add_option("--grace", options.grace_hours,
                   "Hours for which it must have been of no use")
      ->envname("INGOTD_GRACE")
      ->check(hours)
      ->capture_default_str();
  serve
      ->add_option("--scrub", options.scrub_days,
                   "Days in which everything is read once, to find damage; 0: "
                   "never")
      ->envname("INGOTD_SCRUB")
      ->check(CLI::Range(uint64_t{0}, uint64_t{36'500}))
      ->capture_default_str();
  serve
      ->add_option("--level", options.level, "1 (fastest) to 9 (smallest)")
      ->envname("INGOTD_LEVEL")
      ->check(CLI::Range(1, 9))
      ->capture_default_str();
  serve->add_option("--delta-level", options.delta_level, "Of what has a base")
      ->envname("INGOTD_DELTA_LEVEL")
      ->check(CLI::Range(1, 9))
      ->capture_default_str();
  serve
      ->add_option("--cache", options.cache_bytes,
                   "Bytes of decoded blocks that fine-tunes are coded against; "
                   "0: none")
      ->envname("INGOTD_CACHE")
      ->check(CLI::Range(uint64_t{0}, uint64_t{1} << 40))
      ->capture_default_str();

  auto* const compact = app.add_subcommand(
      "compact",
      "Pack what was uploaded; exits with 3 where some of it cannot be");
  std::optional<int> level;
  std::optional<int> delta_level;
  bool json = false;
  compact
      ->add_option("--level", level, "Without: what the daemon has, or 3")
      ->check(CLI::Range(1, 9));
  compact
      ->add_option("--delta-level", delta_level,
                   "Of what has a base; without: what the daemon has, or 5")
      ->check(CLI::Range(1, 9));
  bool wait = true;
  compact->add_flag("--wait", wait, "Until it is done, as it does anyway");
  compact->add_flag("--json", json, "For machines");

  auto* const gc = app.add_subcommand(
      "gc",
      "Give back the space of what is of no use; exits with 3 where some of it "
      "could not be");
  ingot::app::GcOptions gc_options;
  gc->add_flag("--dry-run", gc_options.dry_run,
               "Change nothing, and say what would be done");
  gc->add_flag("--unreferenced", gc_options.unreferenced,
               "Also uploads to which no commit points, of repositories whose "
               "commits point to some");
  gc->add_option("--grace", gc_options.grace_hours,
                 "Hours for which it must have been of no use; without: 24")
      ->check(CLI::Range(uint64_t{0}, uint64_t{24 * 36'500}));
  gc->add_flag("--json", gc_options.json, "For machines");

  auto* const check = app.add_subcommand(
      "check", "Look for damage; exits with 3 where there is some");
  unsigned read_percent = 0;
  check
      ->add_flag("--read-data{100}", read_percent,
                 "Read files to their ends, all or =PERCENT of them")
      ->check(CLI::Range(0, 100));
  check->add_flag("--json", json, "For machines");

  auto* const repair = app.add_subcommand(
      "repair",
      "Read all files, and mend what can be mended; exits with 3 where files "
      "cannot be restored");
  repair->add_flag("--json", json, "For machines");

  auto* const stats = app.add_subcommand("stats", "How much the store holds");
  stats->add_flag("--json", json, "For machines");

  auto* const rebuild =
      app.add_subcommand("rebuild-index", "Make the index anew");

  auto* const token = app.add_subcommand("token", "Who may do what");
  token->require_subcommand(1);
  auto* const create = token->add_subcommand(
      "create", "Make a token and print its secret, which is not kept");
  std::string name;
  std::string scope = "read";
  std::string repository;
  uint64_t days = 0;
  create->add_option("--name", name, "For people");
  create->add_option("--scope", scope, "Each includes those before it")
      ->check(CLI::IsMember({"read", "write", "admin"}))
      ->capture_default_str();
  create->add_option("--for", repository,
                     "NAMESPACE/NAME, or NAMESPACE; without: everything");
  create->add_option("--days", days, "Until it expires; without: never")
      ->check(CLI::Range(uint64_t{1}, uint64_t{36'500}));
  auto* const list = token->add_subcommand("list", "Print the tokens");
  list->add_flag("--json", json, "For machines");
  auto* const revoke = token->add_subcommand("revoke", "End a token");
  uint64_t number = 0;
  revoke->add_option("number", number, "Of `token list`")->required();

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  if (print_config) {
    std::fputs(app.config_to_str().c_str(), stdout);
    return 0;
  }
  if (serve->parsed()) {
    options.data = data;
    return Report(ingot::app::Serve(options));
  }
  if (compact->parsed()) {
    return ReportFound(ingot::app::Compact(data, level, delta_level, json));
  }
  if (gc->parsed()) return ReportFound(ingot::app::Collect(data, gc_options));
  if (repair->parsed()) return ReportFound(ingot::app::Repair(data, json));
  if (create->parsed()) {
    return Report(ingot::app::CreateToken(data, name, scope, repository, days));
  }
  if (list->parsed()) return Report(ingot::app::ListTokens(data, json));
  if (revoke->parsed()) return Report(ingot::app::RevokeToken(data, number));
  if (stats->parsed()) return Report(ingot::app::PrintStats(data, json));
  if (rebuild->parsed()) return Report(ingot::app::RebuildIndex(data));
  const auto problems = ingot::app::Check(data, read_percent, json);
  if (problems.ok()) {
    std::fprintf(stderr, "ingotd: %llu problems\n",
                 static_cast<unsigned long long>(*problems));
  }
  return ReportFound(problems);
}
