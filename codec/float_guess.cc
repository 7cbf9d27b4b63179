#include "codec/float_guess.h"

#include <algorithm>
#include <array>
#include <span>

#include "codec/base/fixed_log2.h"

namespace ingot {
namespace {

constexpr size_t kFewestBytes = 1024;
// Coding as floats must take less than this share of coding as bytes, and
// mantissas must be this close to noise, in bits of their upper seven.
constexpr double kWorthGuessing = 0.96;
constexpr double kNoiseBits = 6.6;
// Exponents take at most this share of their bits; mantissas in their place
// would take more, and integers' upper bits less than weights ever do.
constexpr double kExponentShare = 0.7;
constexpr double kFewestExponentBits = 0.5;

// Entropy in bits per symbol with Miller and Madow's correction for what a
// small sample has not shown.
double Entropy(std::span<const uint64_t> counts, uint64_t total) {
  const auto kinds = static_cast<double>(
      counts.size() - static_cast<size_t>(std::ranges::count(counts, 0u)));
  return (EntropyBits(counts) + (kinds - 1) * 0.7213) /
         static_cast<double>(total);
}

struct Candidate {
  DType dtype;
  unsigned bytes;
  unsigned exponent_bits;  // below the sign, in the upper 16 bits
  // Share of what candidates before it take that it must stay below: a pair of
  // small elements looks much like a large one. Pairs of fp32 even look better
  // by 2 or 3 percent than they are, because a chunk has so few of them.
  double clearly;
};
constexpr std::array<Candidate, 4> kCandidates = {{
    {DType::kF16, 2, 5, 1},
    {DType::kBf16, 2, 8, 0.985},
    {DType::kF32, 4, 8, 0.985},
    {DType::kF64, 8, 11, 0.95},
}};

// Bits per byte as `candidate`; nothing where the chunk is not like it.
std::optional<double> BitsAsFloats(ByteSpan chunk, const Candidate& candidate) {
  const unsigned mantissa_bits = 15 - candidate.exponent_bits;  // of 16
  std::array<uint64_t, 2048> exponents{};
  std::array<uint64_t, 128> mantissas{};
  std::array<std::array<uint64_t, 256>, 6> lower{};
  const size_t lanes = candidate.bytes - 2;
  const uint64_t elements = chunk.size() / candidate.bytes;
  for (uint64_t i = 0; i < elements; ++i) {
    const std::byte* element = chunk.data() + i * candidate.bytes;
    const unsigned top = std::to_integer<unsigned>(element[lanes]) |
                         std::to_integer<unsigned>(element[lanes + 1]) << 8;
    ++exponents[(top & 0x7FFF) >> mantissa_bits];
    // fp64 has four mantissa bits there, the others seven or more.
    ++mantissas[mantissa_bits >= 7 ? (top >> (mantissa_bits - 7)) & 127
                                   : top & 15];
    for (size_t lane = 0; lane < lanes; ++lane) {
      ++lower[lane][std::to_integer<size_t>(element[lane])];
    }
  }
  const double noise = std::min(7u, mantissa_bits) * kNoiseBits / 7;
  if (Entropy(mantissas, elements) < noise) return std::nullopt;
  const double exponent = Entropy(exponents, elements);
  if (exponent < kFewestExponentBits ||
      exponent > kExponentShare * candidate.exponent_bits) {
    return std::nullopt;
  }
  double bits = exponent + 1 + mantissa_bits;
  for (size_t lane = 0; lane < lanes; ++lane) {
    bits += std::min(8.0, Entropy(lower[lane], elements));
  }
  return bits / candidate.bytes;
}

// No mantissa or sign ever sets the upper bit of a byte.
bool IsText(ByteSpan chunk) {
  return std::ranges::all_of(
      chunk, [](std::byte byte) { return byte < std::byte{0x80}; });
}

double BitsAsBytes(ByteSpan chunk) {
  std::array<uint64_t, 256> counts{};
  for (const std::byte byte : chunk) ++counts[std::to_integer<size_t>(byte)];
  return Entropy(counts, chunk.size());
}

}  // namespace

std::optional<FloatGuess> GuessFloats(ByteSpan chunk, uint64_t offset) {
  if (chunk.size() < kFewestBytes || IsText(chunk)) return std::nullopt;
  double best = BitsAsBytes(chunk) * kWorthGuessing;
  std::optional<FloatGuess> guess;
  for (const Candidate& candidate : kCandidates) {
    if (guess) best *= candidate.clearly;
    for (uint64_t shift = 0; shift < candidate.bytes; ++shift) {
      const std::optional<double> bits =
          BitsAsFloats(chunk.subspan(shift), candidate);
      if (!bits || *bits >= best) continue;
      best = *bits;
      guess = {candidate.dtype, (offset + shift) % candidate.bytes};
    }
  }
  return guess;
}

}  // namespace ingot
