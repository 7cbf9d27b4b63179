#include "daemon/store/state.h"

#include <string>
#include <variant>

#include "daemon/store/grant_table.h"
#include "daemon/store/lock_table.h"
#include "daemon/store/pack_table.h"
#include "daemon/store/records.h"
#include "daemon/store/repository_table.h"
#include "daemon/store/staged_table.h"
#include "daemon/store/token_table.h"

namespace ingot::store {

namespace {

Status ApplyRecord(const Record& record, uint64_t time, IndexWriter* index) {
  return std::visit(
      [&](const auto& typed) {
        if constexpr (requires { Apply(typed, time, index); }) {
          return Apply(typed, time, index);
        } else {
          return Apply(typed, index);
        }
      },
      record);
}

}  // namespace

Status ApplyRecords(const JournalBatch& batch, IndexWriter* index) {
  const std::string name = "journal, batch " + std::to_string(batch.position);
  for (const JournalRecordView& view : batch.records) {
    INGOT_ASSIGN(const Record record, ParseRecord(view, name));
    INGOT_TRY(ApplyRecord(record, batch.time, index));
  }
  return {};
}

}  // namespace ingot::store
