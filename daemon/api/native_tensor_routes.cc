#include <algorithm>
#include <charconv>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/authenticate.h"
#include "daemon/api/hub_file.h"
#include "daemon/api/hub_links.h"
#include "daemon/api/json_body.h"
#include "daemon/api/native_routes.h"
#include "daemon/api/object_access.h"
#include "daemon/http/content.h"
#include "daemon/ingest/file_container.h"
#include "daemon/ingest/file_tensors.h"

namespace ingot::api {
namespace {

using boost::asio::awaitable;
using http::Exchange;
using http::PathParameters;
using ingest::FileTensor;
using ingest::FileTensors;
using ingest::TensorQuery;
using nlohmann::json;
using store::RepositoryName;

constexpr size_t kPage = 1000;

// Some bytes of another Source.
class PartSource final : public Source {
 public:
  PartSource(std::unique_ptr<Source> whole, uint64_t begin, uint64_t size)
      : whole_(std::move(whole)), begin_(begin), size_(size) {}
  const std::string& name() const override { return whole_->name(); }
  uint64_t size() const override { return size_; }
  Status ReadAt(uint64_t offset, MutableByteSpan out) const override {
    if (offset > size_ || out.size() > size_ - offset) {
      return Corruption(name() + ": beyond the end of a tensor");
    }
    return whole_->ReadAt(begin_ + offset, out);
  }

 private:
  const std::unique_ptr<Source> whole_;
  const uint64_t begin_;
  const uint64_t size_;
};

Result<FileTensors> FindTensors(const Hub& hub, const HubEntry& file,
                                const TensorQuery& query) {
  if (file.lfs) {
    return ingest::ListTensors(hub.store, *hub.files, file.lfs->file, query);
  }
  return ingest::ListTensors(*MakeMemorySource(file.blob.bytes), query);
}

std::string ShapeText(const TensorView& view) {
  return json(view.shape).dump();
}

// What a tensor is stored as; nothing where that may not be known, or is not.
Result<json> StoredJson(const Hub& hub, const ObjectId& id,
                        ingest::ObjectFinder* finder, ObjectAccess* access) {
  const auto found = finder->Find(id.digest, kMaxDepth + 1);
  // Packed anew meanwhile, or damaged: nothing can be said.
  if (!found.ok()) return json();
  std::set<Digest> seen;
  std::vector<Digest> order;
  INGOT_ASSIGN(const bool known, finder->Needs(
                                     id.digest, kMaxDepth + 1,
                                     [access](const Digest& object) {
                                       return access->MayReadObject(object);
                                     },
                                     {}, &seen, &order));
  if (!known) return json();
  uint64_t bytes = 0;
  const Status measured = hub.files->objects()->WithPack(
      found->place.pack, [&](ContainerReader* reader) -> Status {
        if (found->place.index >= reader->object_count()) {
          return Corruption(reader->name() + ": is another pack");
        }
        bytes = reader->object(found->place.index).encoded_bytes;
        return {};
      });
  if (!measured.ok()) return json();
  json bases = json::array();
  for (const Digest& need : found->needs) bases.push_back(ToHex(need));
  return json{{"bytes", bytes},
              {"depth", found->place.depth},
              {"bases", std::move(bases)}};
}

Result<json> TensorsJson(const Hub& hub, const HubEntry& file,
                         const FileTensors& found, const auth::Principal& who) {
  json tensors = json::array();
  ingest::ObjectFinder finder(hub.store);
  ObjectAccess access(hub.store, hub.files->objects(), who);
  for (const FileTensor& tensor : found.tensors) {
    json one = {{"name", tensor.view.name},
                {"dtype", GetDTypeInfo(tensor.view.dtype).name},
                {"shape", tensor.view.shape},
                {"begin", tensor.offset},
                {"end", tensor.offset + tensor.length}};
    if (tensor.object) {
      one["object"] = ToHex(tensor.object->digest);
      INGOT_ASSIGN(json stored,
                   StoredJson(hub, *tensor.object, &finder, &access));
      if (!stored.is_null()) one["stored"] = std::move(stored);
    }
    tensors.push_back(std::move(one));
  }
  return json{{"size", file.size},
              {"format", found.format},
              {"total", found.total},
              {"tensors", std::move(tensors)}};
}

awaitable<void> List(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters& path) {
  const auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  const auto who = co_await FindPrincipal(exchange, hub.store->tokens());
  if (!who) co_return;
  TensorQuery query;
  query.limit =
      std::max<size_t>(1, NumberParameter(exchange, "limit", kPage, kPage));
  query.first = NumberParameter(exchange, "cursor", 0, SIZE_MAX / 2);
  size_t total = 0;
  const auto list = [&]() -> Result<json> {
    INGOT_ASSIGN(const FileTensors tensors,
                 FindTensors(hub, found->entry, query));
    total = tensors.total;
    return TensorsJson(hub, found->entry, tensors, *who);
  };
  const Result<json> answer = co_await hub.workers->Run(list);
  if (!answer.ok()) {
    co_await http::RespondError(exchange, answer.error());
    co_return;
  }
  http::Headers headers = CommitHeader(found->place.commit);
  if (total > query.first && total - query.first > query.limit) {
    const std::string next = std::to_string(query.first + query.limit);
    http::Headers link = NextPage(exchange, "cursor", next);
    headers.insert(headers.end(), link.begin(), link.end());
  }
  co_await RespondHub(exchange, *answer, std::move(headers));
}

// A number of the query, all of it; nothing for what is none.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [last, code] = std::from_chars(text.data(), end, number);
  if (text.empty() || code != std::errc() || last != end) return std::nullopt;
  return number;
}

// Bytes of a tensor's elements that a request asks for.
struct ByteExtent {
  uint64_t begin = 0;
  uint64_t end = 0;
};
Result<ByteExtent> ExtentOf(const Exchange& exchange,
                            const FileTensor& tensor) {
  const http::Target& target = exchange.request().target;
  ByteExtent extent{0, tensor.length};
  for (const auto& [name, bytes] :
       {std::pair("begin", &extent.begin), std::pair("end", &extent.end)}) {
    const auto text = target.Parameter(name);
    if (!text) continue;
    const auto element = ParseNumber(*text);
    const auto at = element ? DTypeByteSize(tensor.view.dtype, *element)
                            : std::optional<uint64_t>();
    if (!at || *at > tensor.length) {
      return InvalidArgument(std::string(name) +
                             ": not an element at a whole byte of the tensor");
    }
    *bytes = *at;
  }
  if (extent.begin > extent.end) {
    return InvalidArgument("begin: behind the end");
  }
  return extent;
}

awaitable<void> Read(const Hub& hub, Exchange& exchange, RepositoryName name,
                     const PathParameters& path) {
  const auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  const auto wanted = exchange.request().target.Parameter("name");
  if (!wanted) {
    co_await http::RespondError(exchange, InvalidArgument("name: missing"));
    co_return;
  }
  TensorQuery query;
  query.name = std::string(*wanted);
  const auto find = [&] { return FindTensors(hub, found->entry, query); };
  const Result<FileTensors> tensors = co_await hub.workers->Run(find);
  if (!tensors.ok()) {
    co_await http::RespondError(exchange, tensors.error());
    co_return;
  }
  if (tensors->tensors.empty()) {
    co_await RespondHubError(exchange, 404, "EntryNotFound",
                             "the file has no tensor of that name",
                             CommitHeader(found->place.commit));
    co_return;
  }
  const FileTensor& tensor = tensors->tensors[0];
  const Result<ByteExtent> extent = ExtentOf(exchange, tensor);
  if (!extent.ok()) {
    co_await http::RespondError(exchange, extent.error());
    co_return;
  }
  auto source = co_await OpenEntry(hub, found->entry);
  if (!source.ok()) {
    co_await http::RespondError(exchange, source.error());
    co_return;
  }
  const uint64_t begin = tensor.offset + extent->begin;
  const uint64_t end = tensor.offset + extent->end;
  http::Content content;
  content.etag = TagOf(found->entry) + "-" + std::to_string(begin) + "-" +
                 std::to_string(end);
  content.headers = FileHeaders(*found);
  content.headers.emplace_back("X-Ingot-Dtype",
                               GetDTypeInfo(tensor.view.dtype).name);
  content.headers.emplace_back("X-Ingot-Shape", ShapeText(tensor.view));
  content.source =
      std::make_unique<PartSource>(std::move(*source), begin, end - begin);
  co_await http::RespondContent(exchange, hub.workers, std::move(content));
}

// "models/NAMESPACE/NAME".
std::string FullName(const store::RepositoryName& name) {
  return std::string(PluralOf(name.kind)) + "/" + IdOf(name);
}

Result<json> LineageJson(const Hub& hub, const HubEntry& file,
                         const auth::Principal& who) {
  json answer = {{"size", file.size}, {"bases", json::array()}};
  if (!file.lfs) return answer;
  ObjectAccess access(hub.store, hub.files->objects(), who);
  const auto storage = ingest::MeasureFile(
      hub.store, hub.files->objects(), file.lfs->file,
      [&](const Digest& object) { return access.MayReadObject(object); });
  if (!storage.ok()) {
    if (storage.error().kind == ErrorKind::kNotFound) return answer;
    return storage.error();
  }
  answer["stored"] = storage->bytes;
  std::set<ObjectId> bases;
  for (const Digest& object : storage->bases) {
    INGOT_ASSIGN(const std::vector<ObjectId> files, access.FilesWith(object));
    bases.insert(files.begin(), files.end());
  }
  for (const ObjectId& base : bases) {
    if (base.digest == file.lfs->file) continue;
    INGOT_ASSIGN(const auto repositories, access.RepositoriesOf(base.digest));
    json names = json::array();
    for (const store::RepositoryInfo& one : repositories) {
      names.push_back(FullName(one.repository.name));
    }
    answer["bases"].push_back({{"file", ToHex(base.digest)},
                               {"size", base.length},
                               {"repositories", std::move(names)}});
  }
  return answer;
}

awaitable<void> Lineage(const Hub& hub, Exchange& exchange, RepositoryName name,
                        const PathParameters& path) {
  const auto found = co_await FindHubFile(exchange, hub, name, path);
  if (!found) co_return;
  const auto who = co_await FindPrincipal(exchange, hub.store->tokens());
  if (!who) co_return;
  const auto look = [&] { return LineageJson(hub, found->entry, *who); };
  const Result<json> answer = co_await hub.workers->Run(look);
  if (!answer.ok()) {
    co_await http::RespondError(exchange, answer.error());
    co_return;
  }
  co_await RespondHub(exchange, *answer, CommitHeader(found->place.commit));
}

}  // namespace

void AddNativeTensorRoutes(const Hub& hub, http::Router* router) {
  AddNativeRoute(router, "GET", "/tensors/{revision}/{path*}",
                 ReadInfo("The tensors of a file")
                     .Query("limit", "How many, 1,000 at most")
                     .Query("cursor", "Where the page before ended"),
                 Bind(hub, List));
  AddNativeRoute(router, "GET", "/tensor/{revision}/{path*}",
                 ReadInfo("A tensor's bytes, or ranges of them")
                     .Query("name", "Of the tensor")
                     .Query("begin", "Its first element that is wanted")
                     .Query("end", "The one behind the last")
                     .Gives("application/octet-stream")
                     .Says(206, "The ranges asked for.")
                     .Says(304, "The client has it.")
                     .Says(416, "No range lies within."),
                 Bind(hub, Read));
  AddNativeRoute(router, "GET", "/lineage/{revision}/{path*}",
                 ReadInfo("What a file was coded against"), Bind(hub, Lineage));
}

}  // namespace ingot::api
