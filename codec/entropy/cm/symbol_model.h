// SymbolModel: the adaptive probabilities with which a run of symbols is coded.
//
// A symbol is a slot, 0..31, and up to three further bits, the top. Each
// element has a class that the caller knows before the element, such as the
// phase of its scale; classes share nothing. Within a class a slot is coded in
// two steps: which of seven neighbouring slots, the window, or another one;
// then, for the rare others, which. The top's bits follow in the context of
// the slot and of the bits before them. Every step is a walk down a binary
// tree whose nodes are AdaptiveBits: node 1 is the root, 2n and 2n + 1 are the
// children of node n (codec/FORMAT.md, section 8).

#ifndef INGOT_CODEC_ENTROPY_CM_SYMBOL_MODEL_H_
#define INGOT_CODEC_ENTROPY_CM_SYMBOL_MODEL_H_

#include <array>
#include <cstdint>

#include "codec/entropy/adaptive_bit.h"

namespace ingot {

inline constexpr unsigned kModelClasses = 16;
inline constexpr unsigned kSlotBits = 5;
inline constexpr unsigned kSlots = 1u << kSlotBits;
inline constexpr unsigned kWindowBits = 3;
inline constexpr unsigned kWindowSlots = (1u << kWindowBits) - 1;
inline constexpr unsigned kMaxModelledTopBits = 3;
// The slot whose elements carry an escape: bits that are not modelled. It and
// the one before it are never in the window.
inline constexpr unsigned kEscapeSlot = 31;
inline constexpr unsigned kMaxWindow = kEscapeSlot - 1 - kWindowSlots;
inline constexpr unsigned kMaxEscapeBits = 16;

struct ClassModel {
  std::array<AdaptiveBit, 1u << kWindowBits> window;
  std::array<AdaptiveBit, 1u << kSlotBits> other;
  std::array<std::array<AdaptiveBit, 1u << kMaxModelledTopBits>, kSlots> top;
};

struct SymbolModel {
  std::array<ClassModel, kModelClasses> classes;
};

// How symbols are laid out in trees: the same for all runs of a group.
struct SymbolShape {
  uint8_t window = 0;       // its first slot, 0..kMaxWindow
  uint8_t top_bits = 0;     // 0..kMaxModelledTopBits
  uint8_t escape_bits = 0;  // 0..kMaxEscapeBits
};

}  // namespace ingot

#endif  // INGOT_CODEC_ENTROPY_CM_SYMBOL_MODEL_H_
