#include "daemon/store/state.h"

#include <string>
#include <variant>

#include "daemon/store/pack_table.h"
#include "daemon/store/records.h"
#include "daemon/store/staged_table.h"

namespace ingot::store {

Status ApplyRecords(const JournalBatch& batch, IndexWriter* index) {
  const std::string name = "journal, batch " + std::to_string(batch.position);
  for (const JournalRecordView& view : batch.records) {
    INGOT_ASSIGN(const Record record, ParseRecord(view, name));
    INGOT_TRY(std::visit([&](const auto& typed) { return Apply(typed, index); },
                         record));
  }
  return {};
}

}  // namespace ingot::store
