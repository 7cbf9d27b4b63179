#include "daemon/store/packs.h"

#include <utility>

#include "daemon/store/keys.h"
#include "daemon/store/largest_number.h"
#include "daemon/store/pack_reader.h"

namespace ingot::store {

Result<std::unique_ptr<Packs>> Packs::Open(const RecordedFiles::Parts& parts,
                                           const Index* index) {
  INGOT_ASSIGN(const uint64_t largest, LargestNumber(*index, kPackFolder));
  INGOT_ASSIGN(std::unique_ptr<RecordedFiles> files,
               RecordedFiles::Open(parts, kPackFolder, largest,
                                   [&](uint64_t number) -> Result<bool> {
                                     INGOT_ASSIGN(const auto info,
                                                  FindPack(*index, number));
                                     return info.has_value();
                                   }));
  return std::unique_ptr<Packs>(new Packs(index, std::move(files)));
}

Result<std::unique_ptr<Packs::Writer>> Packs::Begin(uint64_t expected_length) {
  INGOT_ASSIGN(std::unique_ptr<NewFile> file, files_->Create(expected_length));
  return std::unique_ptr<Writer>(new Writer(this, std::move(file)));
}

Result<std::unique_ptr<Source>> Packs::Open(uint64_t number) const {
  INGOT_ASSIGN(const std::optional<PackInfo> info, Find(number));
  if (!info) {
    return Error{ErrorKind::kNotFound, files_->Key(number) + ": no such pack"};
  }
  return files_->Open(number, info->length);
}

Result<std::optional<PackInfo>> Packs::Find(uint64_t number) const {
  return FindPack(*index_, number);
}

Result<std::vector<PackInfo>> Packs::List() const { return ListPacks(*index_); }

Result<PackContents> Packs::Contents(uint64_t number) const {
  return ListPackContents(*index_, number);
}

Result<std::vector<PackPlace>> Packs::FindFile(const Digest& digest) const {
  return FindPackFile(*index_, digest);
}

Result<std::vector<PackPlace>> Packs::FindObject(const Digest& digest) const {
  return FindPackObject(*index_, digest);
}

Status Packs::Check(uint64_t number) const {
  INGOT_ASSIGN(const std::unique_ptr<Source> source, Open(number));
  INGOT_ASSIGN(const PackContents found, ReadPack(*source));
  INGOT_ASSIGN(const PackContents expected, ListPackContents(*index_, number));
  if (found == expected) return {};
  return Corruption(source->name() + ": is not the pack that was sealed");
}

Status Packs::Retire(uint64_t number) {
  return files_->Append(PackRetiredRecord{number});
}

Status Packs::Remove(const std::set<uint64_t>& numbers) {
  if (numbers.empty()) return {};
  const std::vector<uint64_t> list(numbers.begin(), numbers.end());
  return files_->Retract(list, PackRemovedRecord{list});
}

Result<std::set<uint64_t>> Packs::FindRemovable(
    std::set<uint64_t> numbers) const {
  return store::FindRemovable(*index_, std::move(numbers));
}

Result<PackDamage> Packs::Examine(uint64_t number) const {
  INGOT_ASSIGN(const PackContents contents, ListPackContents(*index_, number));
  const auto source = Open(number);
  if (source.ok()) return FindPackDamage(**source, contents);
  // It is missing, or has not its length.
  if (source.error().kind == ErrorKind::kCorruption) {
    return PackDamage{.all = true};
  }
  return source.error();
}

Status Packs::SetDamage(uint64_t number, const PackDamage& damage) {
  return files_->Append(PackDamagedRecord{number, damage});
}

Result<PackDamage> Packs::FindDamage(uint64_t number) const {
  return store::FindDamage(*index_, number);
}

Result<bool> Packs::HasDamage() const { return store::HasDamage(*index_); }

Status Packs::Writer::Write(ByteSpan bytes) { return file_->Append(bytes); }

Result<std::unique_ptr<Source>> Packs::Writer::Finish() {
  INGOT_TRY(file_->Finish());
  INGOT_ASSIGN(std::unique_ptr<Source> written,
               packs_->files_->Open(file_->number(), file_->size()));
  INGOT_ASSIGN(contents_, ReadPack(*written));
  return written;
}

Result<PackInfo> Packs::Writer::Seal() {
  PackInfo info = {.number = file_->number(),
                   .length = file_->size(),
                   .files = contents_.files.size(),
                   .objects = contents_.objects.size()};
  INGOT_TRY(file_->Name(PackSealedRecord{.number = info.number,
                                         .length = info.length,
                                         .contents = std::move(contents_)}));
  return info;
}

}  // namespace ingot::store
