// Options that the encoders and decoders share.

#ifndef INGOT_CODEC_OPTIONS_H_
#define INGOT_CODEC_OPTIONS_H_

namespace ingot {

class ReferenceSource;

inline constexpr int kMinLevel = 1;
inline constexpr int kMaxLevel = 9;
inline constexpr int kDefaultLevel = 3;

struct EncodeOptions {
  // 1 (fastest) to 9 (smallest).
  int level = kDefaultLevel;
  // The same of what has a base, which is worth more; 0: as level.
  int delta_level = 0;
  // Threads that encode; 0 means one per core. Where there are several,
  // digests are computed beside them. The bytes written do not depend on it.
  int threads = 1;
  // Where the bases of regions are read from (codec/reference_source.h); it
  // outlives the encoder. Null: nothing refers to anything.
  ReferenceSource* references = nullptr;
};

struct DecodeOptions {
  // Threads that decode; 0 means one per core.
  int threads = 1;
  // Compare the SHA-256 of every object and file with what the container
  // says. Block checksums are compared always.
  bool verify_digests = false;
  // Where objects outside the container are read from; it outlives the
  // decoder. Null: what needs them is kNotFound.
  ReferenceSource* references = nullptr;
};

// `threads`, or the number of cores for 0; at least 1, at most 256.
int ResolveThreads(int threads);

// The same for decoding a stream, whose caller's thread mostly reads and
// writes: one more, unless there is to be a single one.
int ResolveStreamThreads(int threads);

}  // namespace ingot

#endif  // INGOT_CODEC_OPTIONS_H_
