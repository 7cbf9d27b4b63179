// Texts of the rules that files break, for notes of one line.

#ifndef INGOT_FORMATS_BASE_RULE_H_
#define INGOT_FORMATS_BASE_RULE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "formats/layout.h"

namespace ingot {

// "<rule> (offset <offset>)"
BrokenRule RuleAt(std::string_view rule, uint64_t offset);

// `text` between double quotes for a message of one line: control characters
// escaped, long text cut between characters.
std::string Quote(std::string_view text);

// `text` as UTF-8: bytes that are none become '?'. Names in zip archives and
// pickles may be anything; those in containers are UTF-8.
std::string ToUtf8(std::string_view text);

}  // namespace ingot

#endif  // INGOT_FORMATS_BASE_RULE_H_
