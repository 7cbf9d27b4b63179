// The records of the journal: which types there are, and their bytes
// (STORE.md, "Records").
//
// Thread-safety: functions and values only.

#ifndef INGOT_DAEMON_STORE_RECORDS_H_
#define INGOT_DAEMON_STORE_RECORDS_H_

#include <string_view>
#include <variant>

#include "codec/result.h"
#include "daemon/store/file_records.h"
#include "daemon/store/journal_format.h"
#include "daemon/store/journal_state.h"
#include "daemon/store/lock_records.h"
#include "daemon/store/repository_records.h"
#include "daemon/store/token_records.h"

namespace ingot::store {

using Record =
    std::variant<StagedRecord, UnstagedRecord, PackSealedRecord,
                 PackRetiredRecord, PackRemovedRecord, RepositoryCreatedRecord,
                 RepositoryChangedRecord, RepositoryDeletedRecord,
                 GitObjectRecord, RefChangedRecord, GrantedRecord,
                 GrantEndedRecord, TokenCreatedRecord, TokenRevokedRecord,
                 LockedRecord, UnlockedRecord, PackDamagedRecord,
                 StagedDamagedRecord>;

JournalRecord EncodeRecord(const Record& record);
// kUnsupported for a type that this program does not know, kCorruption for a
// payload that breaks a rule; `name` is the input's, for messages.
Result<Record> ParseRecord(const JournalRecordView& record,
                           std::string_view name);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_RECORDS_H_
