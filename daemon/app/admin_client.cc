#include "daemon/app/admin_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>

#include "daemon/api/json_body.h"
#include "daemon/app/opened_store.h"

namespace ingot::app {
namespace {

namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
using boost::system::error_code;
using nlohmann::json;

// A list of problems may be long.
constexpr uint64_t kMaxAnswerBytes = uint64_t{1} << 30;

ErrorKind KindOf(unsigned status) {
  return status == 400   ? ErrorKind::kInvalidArgument
         : status == 404 ? ErrorKind::kNotFound
         : status == 409 ? ErrorKind::kConflict
                         : ErrorKind::kUnavailable;
}

// Nothing where no daemon listens there.
std::optional<Result<json>> Ask(const std::string& path,
                                const api::AdminOperation& operation,
                                const json& arguments) {
  using Local = asio::local::stream_protocol;
  Local::endpoint endpoint;
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return std::nullopt;
  endpoint.path(path);
  asio::io_context io;
  Local::socket socket(io);
  error_code code;
  socket.connect(endpoint, code);
  if (code) return std::nullopt;
  bhttp::request<bhttp::string_body> request(
      bhttp::string_to_verb(operation.method), operation.path, 11);
  request.set(bhttp::field::host, "localhost");
  if (request.method() == bhttp::verb::post)
    request.body() = api::EncodeJson(arguments);
  request.prepare_payload();
  bhttp::write(socket, request, code);
  boost::beast::flat_buffer buffer;
  bhttp::response_parser<bhttp::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  if (!code) bhttp::read(socket, buffer, parser, code);
  if (code) {
    return Error{ErrorKind::kUnavailable,
                 path + ": the daemon did not answer: " + code.message()};
  }
  json answer = json::parse(parser.get().body(), nullptr, false);
  if (parser.get().result_int() == 200 && !answer.is_discarded()) {
    return answer;
  }
  const std::string why =
      answer.is_object() ? answer.value("error", "no reason") : "no reason";
  return Error{KindOf(parser.get().result_int()), "the daemon refused: " + why};
}

}  // namespace

std::string AdminSocket(const std::string& data) {
  return data + "/admin.sock";
}

Result<json> RunAdmin(const std::string& data,
                      const api::AdminOperation& operation,
                      const json& arguments) {
  const auto opened = OpenStore(data);
  if (opened.ok()) {
    ingest::Maintenance maintenance(opened->store.get());
    return operation.run({opened->store.get(), &maintenance}, arguments);
  }
  if (opened.error().kind != ErrorKind::kConflict) return opened.error();
  auto answer = Ask(AdminSocket(data), operation, arguments);
  if (!answer) return opened.error();
  return *std::move(answer);
}

}  // namespace ingot::app
