#include "daemon/observe/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "daemon/observe/process.h"

namespace ingot::observe {
namespace {

// Seconds: from what takes no disk to an upload of a day's patience.
const prometheus::Histogram::BucketBoundaries kBuckets = {
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
    0.5,    1,     2.5,    5,     10,   30,    60,   300, 1800};

std::string MethodOf(std::string_view method) {
  static constexpr std::array<std::string_view, 9> kMethods = {
      "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS",
      "PATCH",   "POST",   "PUT", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end()
             ? std::string(method)
             : "other";
}

prometheus::MetricFamily FamilyOf(const Reading& reading) {
  prometheus::MetricFamily family;
  family.name = reading.name;
  family.help = reading.help;
  family.type = reading.is_counter ? prometheus::MetricType::Counter
                                   : prometheus::MetricType::Gauge;
  prometheus::ClientMetric metric;
  metric.counter.value = reading.value;
  metric.gauge.value = reading.value;
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace

class Metrics::Impl {
 public:
  explicit Impl(const std::string& version) {
    prometheus::BuildGauge()
        .Name("ingot_build_info")
        .Help("1, with the program's version.")
        .Register(registry_)
        .Add({{"version", version}})
        .Set(1);
  }

  void Count(const RequestEntry& entry) {
    const std::string route(entry.route.empty() ? "none" : entry.route);
    const std::string method = MethodOf(entry.method);
    requests_
        .Add({{"route", route},
              {"method", method},
              {"code", std::to_string(entry.status)}})
        .Increment();
    durations_.Add({{"route", route}, {"method", method}}, kBuckets)
        .Observe(entry.seconds);
    sent_.Increment(static_cast<double>(entry.sent));
    received_.Increment(static_cast<double>(entry.received));
  }

  std::vector<prometheus::MetricFamily> Collect() const {
    return registry_.Collect();
  }

 private:
  prometheus::Counter& AddCounter(const char* name, const char* help) {
    return prometheus::BuildCounter()
        .Name(name)
        .Help(help)
        .Register(registry_)
        .Add({});
  }

  prometheus::Registry registry_;
  prometheus::Family<prometheus::Counter>& requests_ =
      prometheus::BuildCounter()
          .Name("ingot_http_requests_total")
          .Help("Requests that are over.")
          .Register(registry_);
  prometheus::Family<prometheus::Histogram>& durations_ =
      prometheus::BuildHistogram()
          .Name("ingot_http_request_duration_seconds")
          .Help("From the end of a request's head to its response's end.")
          .Register(registry_);
  prometheus::Counter& sent_ = AddCounter("ingot_http_response_bytes_total",
                                          "Bytes of the bodies of responses.");
  prometheus::Counter& received_ = AddCounter(
      "ingot_http_request_bytes_total", "Bytes of the bodies of requests.");
};

Metrics::Metrics(const std::string& version)
    : impl_(std::make_unique<Impl>(version)) {}
Metrics::~Metrics() = default;

void Metrics::Count(const RequestEntry& entry) { impl_->Count(entry); }

std::string Metrics::Text(const std::vector<Reading>& readings) const {
  std::vector<prometheus::MetricFamily> families = impl_->Collect();
  for (const Reading& reading : ProcessReadings()) {
    families.push_back(FamilyOf(reading));
  }
  for (const Reading& reading : readings) {
    families.push_back(FamilyOf(reading));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace ingot::observe
