#include "tools/hub/push.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "codec/source.h"
#include "tools/hub/base64.h"
#include "tools/hub/container_push.h"
#include "tools/hub/crew.h"
#include "tools/hub/hub_client.h"
#include "tools/hub/hub_transfer.h"
#include "tools/hub/json_fields.h"
#include "tools/progress.h"
#include "tools/text.h"

namespace ingot {
namespace {

using nlohmann::json;
using State = PushedFile::State;

constexpr size_t kMaxPlanned = 500;  // files of one request
// Within the commit: what a server may refuse goes before it, as large files.
constexpr uint64_t kMaxSmallFile = uint64_t{1} << 20;
constexpr uint64_t kMaxSmallFiles = uint64_t{12} << 20;
// Small ones are offered together, up to these bytes.
constexpr uint64_t kOfferedBytes = uint64_t{64} << 20;

Result<std::unique_ptr<Source>> OpenInput(const InputFile& file) {
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(file.path));
  if (source->size() != file.size) {
    return Error{ErrorKind::kConflict,
                 file.path + ": changed while it was read"};
  }
  return source;
}

Result<std::string> ReadBeginning(const InputFile& file, uint64_t bytes) {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenInput(file));
  std::string text(std::min(file.size, bytes), '\0');
  INGOT_TRY(source->ReadAt(0, std::as_writable_bytes(std::span(text))));
  return text;
}

class PushRun {
 public:
  PushRun(const PushOptions& options, const HttpOptions& http,
          const InputTree& input)
      : options_(options), http_(http), input_(input), hub_(http) {
    http_.cancelled = &cancelled_;
    for (const InputFile& file : input.files) {
      report_.files.push_back({.name = file.name, .size = file.size, .id = {}});
    }
    plans_.resize(input.files.size());
  }

  Result<PushReport> Run();

 private:
  // Whether there is a repository to ask.
  Result<bool> Prepare();
  Status Plan();
  Status Identify();
  Status IdentifyOne(size_t index);
  void ChooseSmallOnes();
  Status Send();
  Status SendSome();
  Status SendOne(Transfer* transfer, size_t index, SendTicket ticket);
  // Whether it is there now, one way or another.
  Result<bool> SendAsContainer(Transfer* transfer, size_t index,
                               const Source& source, SendTicket* ticket);
  std::vector<size_t> TakeToSend();
  Status Commit();
  Result<std::string> CommitLines() const;

  const PushOptions& options_;
  HttpOptions http_;
  const InputTree& input_;
  HubClient hub_;
  std::atomic<bool> cancelled_ = false;
  PushReport report_;
  std::vector<UploadPlan> plans_;
  // Of Send: one file for each content that is to be sent.
  std::mutex mutex_;
  std::vector<size_t> to_send_;
  size_t next_to_send_ = 0;
  std::map<std::string, State> sent_;  // by digest
  std::unique_ptr<ContainerPush> containers_;
};

Result<bool> PushRun::Prepare() {
  INGOT_ASSIGN(std::optional<std::string> head,
               hub_.FindCommit(options_.repository, options_.revision));
  if (!head) {
    report_.created = true;
    if (options_.dry_run) return false;
    INGOT_ASSIGN(report_.created,
                 hub_.Create(options_.repository, options_.is_private));
    INGOT_ASSIGN(head, hub_.FindCommit(options_.repository, options_.revision));
    if (!head) {
      return Error{ErrorKind::kPermissionDenied,
                   options_.repository.Text() +
                       ": exists, and the token may not see it"};
    }
  }
  report_.parent = *head;
  return true;
}

Status PushRun::Plan() {
  for (size_t begin = 0; begin < input_.files.size(); begin += kMaxPlanned) {
    const size_t end = std::min(input_.files.size(), begin + kMaxPlanned);
    std::vector<OfferedFile> offered;
    for (size_t i = begin; i < end; ++i) {
      const InputFile& file = input_.files[i];
      INGOT_ASSIGN(std::string sample, ReadBeginning(file, kSampleBytes));
      offered.push_back(
          {.path = file.name, .size = file.size, .sample = std::move(sample)});
    }
    INGOT_ASSIGN(
        std::vector<UploadPlan> plans,
        hub_.PlanUpload(options_.repository, options_.revision, offered));
    for (size_t i = begin; i < end; ++i) {
      plans_[i] = std::move(plans[i - begin]);
      report_.files[i].large =
          plans_[i].large || input_.files[i].size > kMaxSmallFile;
    }
  }
  return {};
}

Status PushRun::IdentifyOne(size_t index) {
  PushedFile& file = report_.files[index];
  const std::optional<std::string>& present = plans_[index].present;
  // What the branch has is compared by the digest that it is known by.
  const bool sha256 = file.large || (present && present->size() == 64);
  INGOT_ASSIGN(const std::unique_ptr<Source> source,
               OpenInput(input_.files[index]));
  INGOT_ASSIGN(file.id,
               IdentifyContent(*source, sha256 ? ContentId::Kind::kSha256
                                               : ContentId::Kind::kGitBlob));
  if (present == file.id.hex) file.state = State::kUnchanged;
  return {};
}

Status PushRun::Identify() {
  Progress progress("reading", input_.TotalBytes(), options_.quiet);
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> done = 0;
  const auto work = [&]() -> Status {
    for (size_t i = next++; i < input_.files.size() && !cancelled_;
         i = next++) {
      INGOT_TRY(IdentifyOne(i));
      done += input_.files[i].size;
    }
    return {};
  };
  return RunCrew(options_.jobs, &cancelled_, work, [&] { progress.Set(done); });
}

// More than fits a commit: the largest of the small ones go before it.
void PushRun::ChooseSmallOnes() {
  std::vector<size_t> small;
  uint64_t bytes = 0;
  for (size_t i = 0; i < report_.files.size(); ++i) {
    const PushedFile& file = report_.files[i];
    if (file.large || file.state == State::kUnchanged) continue;
    small.push_back(i);
    bytes += file.size;
  }
  std::ranges::sort(small, std::greater(),
                    [&](size_t i) { return report_.files[i].size; });
  for (const size_t i : small) {
    if (bytes <= kMaxSmallFiles) return;
    bytes -= report_.files[i].size;
    report_.files[i].large = true;
  }
}

// The next ones to be offered together.
std::vector<size_t> PushRun::TakeToSend() {
  const std::lock_guard lock(mutex_);
  std::vector<size_t> taken;
  uint64_t bytes = 0;
  while (next_to_send_ < to_send_.size() && taken.size() < kMaxOffered &&
         (taken.empty() || bytes < kOfferedBytes)) {
    taken.push_back(to_send_[next_to_send_++]);
    bytes += report_.files[taken.back()].size;
  }
  return taken;
}

Result<bool> PushRun::SendAsContainer(Transfer* transfer, size_t index,
                                      const Source& source,
                                      SendTicket* ticket) {
  PushedFile& file = report_.files[index];
  INGOT_ASSIGN(file.container_bytes,
               containers_->Send(transfer, source, file.id));
  if (file.container_bytes) return true;
  // That took its time, and the ticket may have become old; or all came but
  // the answer.
  const std::vector<ContentId> ids = {file.id};
  INGOT_ASSIGN(std::vector<SendTicket> tickets, transfer->Offer(ids));
  *ticket = std::move(tickets.front());
  return ticket->is_there;
}

Status PushRun::SendOne(Transfer* transfer, size_t index, SendTicket ticket) {
  const InputFile& file = input_.files[index];
  INGOT_ASSIGN(const std::unique_ptr<Source> source, OpenInput(file));
  if (containers_ != nullptr && file.size >= kMinContainerFile) {
    INGOT_ASSIGN(const bool sent,
                 SendAsContainer(transfer, index, *source, &ticket));
    if (sent) return {};
  }
  Status sent = transfer->Send(ticket, *source);
  // The likeliest reason for bytes with another digest comes first.
  if (!sent.ok()) INGOT_TRY(CheckFileUnchanged(file));
  return sent;
}

Status PushRun::SendSome() {
  const std::unique_ptr<Transfer> transfer =
      MakeHubTransfer(http_, options_.repository);
  while (!cancelled_) {
    const std::vector<size_t> taken = TakeToSend();
    if (taken.empty()) break;
    std::vector<ContentId> ids;
    for (const size_t i : taken) ids.push_back(report_.files[i].id);
    INGOT_ASSIGN(const std::vector<SendTicket> tickets, transfer->Offer(ids));
    for (size_t i = 0; i < taken.size() && !cancelled_; ++i) {
      if (!tickets[i].is_there) {
        INGOT_TRY(SendOne(transfer.get(), taken[i], tickets[i]));
      }
      const std::lock_guard lock(mutex_);
      sent_[ids[i].hex] = tickets[i].is_there ? State::kThere : State::kSent;
    }
  }
  return {};
}

Status PushRun::Send() {
  uint64_t bytes = 0;
  for (size_t i = 0; i < report_.files.size(); ++i) {
    PushedFile& file = report_.files[i];
    if (!file.large || file.state == State::kUnchanged) continue;
    // One that was small before has the other digest.
    if (file.id.kind != ContentId::Kind::kSha256) {
      INGOT_ASSIGN(const std::unique_ptr<Source> source,
                   OpenInput(input_.files[i]));
      INGOT_ASSIGN(file.id, IdentifyContent(*source, ContentId::Kind::kSha256));
    }
    if (!sent_.emplace(file.id.hex, State::kSent).second) continue;
    to_send_.push_back(i);
    bytes += file.size;
  }
  if (!options_.dry_run && !to_send_.empty()) {
    if (options_.native) {
      INGOT_ASSIGN(containers_,
                   ContainerPush::Create(options_.bases, &cancelled_));
    }
    Progress progress("sending", bytes, options_.quiet);
    const uint64_t before = http_.traffic->sent;
    const int jobs = static_cast<int>(
        std::min<size_t>(static_cast<size_t>(options_.jobs), to_send_.size()));
    INGOT_TRY(RunCrew(
        jobs, &cancelled_, [&] { return SendSome(); },
        [&] { progress.Set(http_.traffic->sent - before); }));
    if (containers_ != nullptr) report_.notes = containers_->TakeNotes();
  }
  for (PushedFile& file : report_.files) {
    if (!file.large || file.state == State::kUnchanged) continue;
    file.state = sent_.at(file.id.hex);
  }
  return {};
}

Result<std::string> PushRun::CommitLines() const {
  size_t changed = 0;
  std::string lines;
  for (size_t i = 0; i < report_.files.size(); ++i) {
    const PushedFile& file = report_.files[i];
    if (file.state == State::kUnchanged) continue;
    ++changed;
    json line = {{"key", file.large ? "lfsFile" : "file"},
                 {"value", {{"path", file.name}}}};
    json& value = line["value"];
    if (file.large) {
      value["algo"] = "sha256";
      value["oid"] = file.id.hex;
      value["size"] = file.size;
    } else {
      INGOT_ASSIGN(const std::string content,
                   ReadBeginning(input_.files[i], file.size));
      value["content"] = Base64(content);
      value["encoding"] = "base64";
    }
    lines += JsonLine(line) + "\n";
  }
  if (changed == 0) return std::string();
  const json header = {{"key", "header"},
                       {"value",
                        {{"summary", options_.message.empty()
                                         ? "Upload " + Count(changed, "file")
                                         : options_.message},
                         {"parentCommit", report_.parent}}}};
  return JsonLine(header) + "\n" + lines;
}

Status PushRun::Commit() {
  INGOT_ASSIGN(const std::string lines, CommitLines());
  // What is sent is what was looked at, and nothing that came in between.
  INGOT_TRY(CheckUnchanged(input_));
  report_.commit = report_.parent;
  if (lines.empty() || options_.dry_run) return {};
  INGOT_ASSIGN(const std::optional<std::string> commit,
               hub_.Commit(options_.repository, options_.revision, lines));
  report_.conflict = !commit.has_value();
  report_.commit = commit.value_or("");
  return {};
}

Result<PushReport> PushRun::Run() {
  INGOT_ASSIGN(const bool exists, Prepare());
  if (!exists) return std::move(report_);
  INGOT_TRY(Plan());
  INGOT_TRY(Identify());
  ChooseSmallOnes();
  INGOT_TRY(Send());
  INGOT_TRY(Commit());
  return std::move(report_);
}

}  // namespace

Result<PushReport> Push(const PushOptions& options, const HttpOptions& http,
                        const InputTree& input) {
  return PushRun(options, http, input).Run();
}

}  // namespace ingot
