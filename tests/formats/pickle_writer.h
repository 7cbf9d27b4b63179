// Pickles as torch.save makes them, for tests: functions that return the
// opcodes that push one value.

#ifndef INGOT_TESTS_FORMATS_PICKLE_WRITER_H_
#define INGOT_TESTS_FORMATS_PICKLE_WRITER_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/bytes.h"

namespace ingot::pickle {

inline std::string Int(int32_t value) {
  std::string text = "J0000";
  StoreLittleEndian(text.data() + 1, value);
  return text;
}

inline std::string Str(std::string_view value) {
  std::string text = "X0000";
  StoreLittleEndian(text.data() + 1, static_cast<uint32_t>(value.size()));
  return text.append(value);
}

inline std::string Global(std::string_view module, std::string_view name) {
  return "c" + std::string(module) + "\n" + std::string(name) + "\n";
}

inline std::string Tuple(const std::vector<std::string>& items) {
  std::string text = "(";
  for (const std::string& item : items) text += item;
  return text + "t";
}

inline std::string Ints(const std::vector<int32_t>& values) {
  std::vector<std::string> items;
  for (const int32_t value : values) items.push_back(Int(value));
  return Tuple(items);
}

inline std::string List(const std::vector<std::string>& items) {
  std::string text = "](";
  for (const std::string& item : items) text += item;
  return text + "e";
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// Keys are names.
inline std::string Dict(const Pairs& pairs) {
  std::string text = "}(";
  for (const auto& [key, value] : pairs) text += Str(key) + value;
  return text + "u";
}

inline std::string Call(const std::string& callee,
                        const std::vector<std::string>& arguments) {
  return callee + Tuple(arguments) + "R";
}

inline std::string Storage(std::string_view type, std::string_view key,
                           int32_t elements) {
  return Tuple({Str("storage"), Global("torch", type), Str(key), Str("cpu"),
                Int(elements)}) +
         "Q";
}

// A tensor of a whole storage in order, unless told otherwise.
inline std::string Tensor(std::string_view type, std::string_view key,
                          int32_t elements, const std::vector<int32_t>& shape,
                          std::vector<int32_t> strides = {},
                          int32_t offset = 0) {
  if (strides.empty()) {
    strides.resize(shape.size());
    int32_t stride = 1;
    for (size_t i = shape.size(); i-- > 0; stride *= shape[i]) {
      strides[i] = stride;
    }
  }
  return Call(
      Global("torch._utils", "_rebuild_tensor_v2"),
      {Storage(type, key, elements), Int(offset), Ints(shape), Ints(strides),
       "\x89", Call(Global("collections", "OrderedDict"), {})});
}

inline std::string Pickle(const std::string& value) {
  return std::string("\x80\x02") + value + ".";
}

}  // namespace ingot::pickle

#endif  // INGOT_TESTS_FORMATS_PICKLE_WRITER_H_
