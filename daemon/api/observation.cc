#include "daemon/api/observation.h"

#include <string>

namespace ingot::api {

void Observe(const http::RequestReport& report, observe::Log* log,
             observe::Metrics* metrics) {
  const http::Request& request = *report.request;
  const std::string peer =
      request.is_local ? "local" : request.peer.to_string();
  std::string path;
  for (const std::string& segment : request.target.segments) {
    path += "/" + segment;
  }
  const observe::RequestEntry entry = {.id = request.id,
                                       .peer = peer,
                                       .method = request.method,
                                       .route = request.notes.route,
                                       .path = path,
                                       .token = request.notes.token,
                                       .status = report.status,
                                       .complete = report.complete,
                                       .received = report.received,
                                       .sent = report.sent,
                                       .seconds = report.time.count(),
                                       .cause = request.notes.cause};
  metrics->Count(entry);
  log->Request(entry);
}

}  // namespace ingot::api
