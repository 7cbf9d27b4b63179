#include "formats/bases/base_container.h"

#include <utility>

#include "codec/source.h"

namespace ingot {

Result<std::unique_ptr<BaseContainer>> BaseContainer::Open(
    const std::string& path, ReadElsewhere elsewhere) {
  std::unique_ptr<BaseContainer> container(
      new BaseContainer(path, std::move(elsewhere)));
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path));
  INGOT_ASSIGN(container->listing_,
               ContainerReader::Open(std::move(source), {.threads = 1}));
  return container;
}

Result<BaseContainer::Reader> BaseContainer::OpenReader(int threads) const {
  Reader reader;
  reader.elsewhere = std::make_unique<Elsewhere>(elsewhere_);
  INGOT_ASSIGN(std::unique_ptr<Source> source, OpenFileSource(path_));
  INGOT_ASSIGN(reader.container,
               ContainerReader::Open(
                   std::move(source),
                   {.threads = threads, .references = reader.elsewhere.get()}));
  return reader;
}

Status BaseContainer::WithReader(
    unsigned limit, const std::function<Status(ContainerReader*)>& work) {
  Reader reader;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      reader = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (reader.container == nullptr) {
    INGOT_ASSIGN(reader, OpenReader(1));
  }
  reader.elsewhere->set_limit(limit);
  Status status = work(reader.container.get());
  const std::lock_guard<std::mutex> lock(mutex_);
  idle_.push_back(std::move(reader));
  return status;
}

Status BaseContainer::ReadObject(size_t object, uint64_t offset,
                                 MutableByteSpan out) {
  return WithReader(listing_->object(object).depth,
                    [&](ContainerReader* reader) {
                      return reader->ReadObject(object, offset, out);
                    });
}

Status BaseContainer::ReadSegment(size_t file, size_t segment, uint64_t offset,
                                  MutableByteSpan out) {
  return WithReader(0, [&](ContainerReader* reader) {
    return reader->ReadSegment(file, segment, offset, offset + out.size(),
                               CopyTo(out));
  });
}

Status BaseContainer::ReadWhole(size_t object, int threads,
                                const ByteConsumer& consumer) {
  const ObjectInfo info = listing_->object(object);
  const auto read = [&](ContainerReader* reader) {
    return reader->ReadObject(object, 0, info.id.length, consumer);
  };
  // Threads of their own are for what takes long.
  constexpr uint64_t kWorthThreads = uint64_t{8} << 20;
  if (threads == 1 || info.id.length < kWorthThreads) {
    return WithReader(info.depth, read);
  }
  INGOT_ASSIGN(const Reader reader, OpenReader(threads));
  reader.elsewhere->set_limit(info.depth);
  return read(reader.container.get());
}

}  // namespace ingot
