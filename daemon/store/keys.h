// The keys of everything that a store keeps in its Storage (STORE.md,
// "Files"). No key, and so no path, is built anywhere else, nor from anything
// that a client sent.

#ifndef INGOT_DAEMON_STORE_KEYS_H_
#define INGOT_DAEMON_STORE_KEYS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "codec/result.h"

namespace ingot::store {

inline constexpr std::string_view kLockKey = "lock";
inline constexpr std::string_view kJournalFolder = "journal";
inline constexpr std::string_view kPackFolder = "pack";
inline constexpr std::string_view kStagedFolder = "staged";
inline constexpr std::string_view kVersionFolder = "version";

// Where the index is, which is no part of the storage, of a store in `folder`.
std::string IndexFolder(const std::string& folder);

// `folder`, "/" and 16 hexadecimal digits.
std::string NumberedKey(std::string_view folder, uint64_t number);
// The number of such a key, in whatever folder; nothing for other keys.
std::optional<uint64_t> NumberOfKey(std::string_view key);

// kInvalidArgument unless `key` is one or two components of a-z 0-9 - . _,
// neither empty nor beginning with a dot.
Status CheckKey(std::string_view key);

}  // namespace ingot::store

#endif  // INGOT_DAEMON_STORE_KEYS_H_
