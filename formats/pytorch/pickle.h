// What a pickle tells of the tensors that were pickled into it: dtypes, shapes
// and names. Nothing is ever executed, imported or constructed: the opcodes of
// all protocols (Python's Lib/pickletools.py) move symbols on a stack, and the
// few callables by which torch rebuilds tensors are known by name. Whatever
// else a pickle calls is an object without meaning that holds its arguments.
//
// A pickle that breaks a rule, has an opcode that nobody knows or exceeds a
// limit yields what was found before: the dtypes of storages, and no names.
//
// Limits: 64 MiB and 2^23 opcodes a pickle, 2^19 values on the stack, 2^20
// memo slots, 2^19 containers with 2^21 items in all, 2^18 tensors and as many
// storages, 2^19 strings, 32 MiB for strings, names and shapes each, containers
// nested 256 deep on the way to a name. About 200 MiB of memory at worst.
//
// Thread-safety: all functions may be called from any thread.

#ifndef INGOT_FORMATS_PYTORCH_PICKLE_H_
#define INGOT_FORMATS_PYTORCH_PICKLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "codec/dtype.h"
#include "codec/result.h"
#include "codec/source.h"

namespace ingot {

inline constexpr uint64_t kMaxPickleLength = uint64_t{64} << 20;

// How a storage's elements are seen by one tensor.
struct PickledView {
  std::string name;     // where it hangs: "model.embed.weight"; empty: unknown
  uint64_t offset = 0;  // of its first element
  std::vector<uint64_t> shape;
  std::vector<uint64_t> strides;  // in elements, as many as dimensions
};

struct PickledStorage {
  DType dtype = DType::kBytes;  // kBytes: not known, or none of Ingot's
  // The view of most elements, the first of them where several are as large.
  std::optional<PickledView> view;
};

struct PickledTensors {
  // By the key that names the storage's bytes outside the pickle.
  std::unordered_map<std::string, PickledStorage> storages;
  // What the value that was pickled is, if it is as simple: an integer or a
  // boolean (under ""), those of a dict by their keys, the strings of a list.
  std::unordered_map<std::string, int64_t> integers;
  std::vector<std::string> strings;
  uint64_t end = 0;  // the offset at which the scan stopped
  // What stopped it; empty if that was the pickle's end.
  std::string problem;
};

// Scans the pickle at [begin, end) of `source`. Errors: reading failed.
Result<PickledTensors> ScanPickle(const Source& source, uint64_t begin,
                                  uint64_t end);

}  // namespace ingot

#endif  // INGOT_FORMATS_PYTORCH_PICKLE_H_
