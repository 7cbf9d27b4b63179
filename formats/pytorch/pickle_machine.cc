#include "formats/pytorch/pickle_machine.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "codec/tensor_view.h"
#include "formats/layout.h"

namespace ingot {
namespace {

constexpr size_t kMaxStack = size_t{1} << 19;
constexpr uint64_t kMaxMemo = uint64_t{1} << 20;
constexpr size_t kMaxContainers = size_t{1} << 19;
constexpr uint64_t kMaxItems = uint64_t{1} << 21;
constexpr size_t kMaxStrings = size_t{1} << 19;
constexpr uint64_t kMaxTextBytes = uint64_t{32} << 20;

// The dtypes of torch by the name of their storage's class or by their own.
struct TorchDType {
  std::string_view storage;
  std::string_view name;
  DType dtype;
};
constexpr std::array<TorchDType, 24> kTorchDTypes = {{
    {"FloatStorage", "float32", DType::kF32},
    {"DoubleStorage", "float64", DType::kF64},
    {"HalfStorage", "float16", DType::kF16},
    {"BFloat16Storage", "bfloat16", DType::kBf16},
    {"LongStorage", "int64", DType::kI64},
    {"IntStorage", "int32", DType::kI32},
    {"ShortStorage", "int16", DType::kI16},
    {"CharStorage", "int8", DType::kI8},
    {"ByteStorage", "uint8", DType::kU8},
    {"BoolStorage", "bool", DType::kBool},
    {"ComplexFloatStorage", "complex64", DType::kC64},
    {"QInt8Storage", "qint8", DType::kI8},
    {"QUInt8Storage", "quint8", DType::kU8},
    {"QInt32Storage", "qint32", DType::kI32},
    {"", "uint16", DType::kU16},
    {"", "uint32", DType::kU32},
    {"", "uint64", DType::kU64},
    {"", "float8_e4m3fn", DType::kF8E4m3},
    {"", "float8_e4m3fnuz", DType::kF8E4m3},
    {"", "float8_e5m2", DType::kF8E5m2},
    {"", "float8_e5m2fnuz", DType::kF8E5m2},
    {"", "float8_e8m0fnu", DType::kF8E8m0},
    {"UntypedStorage", "", DType::kBytes},
    {"_UntypedStorage", "", DType::kBytes},
}};

// The last component of "module name", of which the module is torch's.
std::optional<std::string_view> TorchName(std::string_view global) {
  const bool torch =
      global.starts_with("torch ") || global.starts_with("torch.");
  if (!torch) return std::nullopt;
  return global.substr(global.find(' ') + 1);
}

DType StorageDType(std::string_view global) {
  const std::optional<std::string_view> name = TorchName(global);
  for (const TorchDType& row : kTorchDTypes) {
    if (name && !row.storage.empty() && row.storage == *name) return row.dtype;
  }
  return DType::kBytes;
}

DType TensorDType(std::string_view global) {
  const std::optional<std::string_view> name = TorchName(global);
  for (const TorchDType& row : kTorchDTypes) {
    if (name && !row.name.empty() && row.name == *name) return row.dtype;
  }
  return DType::kBytes;
}

}  // namespace

bool PickleMachine::Fail(std::string_view problem) {
  problem_ = problem;
  return false;
}

bool PickleMachine::Need(size_t count) {
  if (stack_.size() - Floor() >= count) return true;
  return Fail("the stack is empty");
}

bool PickleMachine::Push(Value value) {
  if (stack_.size() == kMaxStack) return Fail("the stack is too large");
  stack_.push_back(value);
  return true;
}

bool PickleMachine::PushString(std::string text, Kind kind) {
  string_bytes_ += text.size();
  if (strings_.size() == kMaxStrings || string_bytes_ > kMaxTextBytes) {
    return Fail("too many strings");
  }
  strings_.push_back(std::move(text));
  return Push({kind, static_cast<uint32_t>(strings_.size() - 1), 0});
}

bool PickleMachine::NewContainer(Kind kind, Value* result) {
  if (containers_.size() == kMaxContainers) return Fail("too many containers");
  *result = {kind, static_cast<uint32_t>(containers_.size()), 0};
  containers_.emplace_back();
  return true;
}

bool PickleMachine::PushContainer(Kind kind) {
  Value value;
  return NewContainer(kind, &value) && Push(value);
}

bool PickleMachine::Pop() {
  // As pickle does, POP of nothing but a mark removes the mark.
  if (stack_.size() == Floor() && !marks_.empty()) {
    marks_.pop_back();
    return true;
  }
  if (!Need(1)) return false;
  stack_.pop_back();
  return true;
}

bool PickleMachine::Duplicate() { return Need(1) && Push(stack_.back()); }

bool PickleMachine::Mark() {
  if (marks_.size() == kMaxStack) return Fail("too many marks");
  marks_.push_back(stack_.size());
  return true;
}

bool PickleMachine::PopMark() {
  if (marks_.empty()) return Fail("no mark");
  stack_.resize(marks_.back());
  marks_.pop_back();
  return true;
}

bool PickleMachine::Add(uint32_t container, Value value) {
  if (++items_ > kMaxItems) return Fail("too many items");
  containers_[container].push_back(value);
  return true;
}

bool PickleMachine::MoveInto(uint32_t container, size_t begin) {
  for (size_t i = begin; i < stack_.size(); ++i) {
    if (!Add(container, stack_[i])) return false;
  }
  stack_.resize(begin);
  return true;
}

bool PickleMachine::ContainerFromMark(Kind kind) {
  if (marks_.empty()) return Fail("no mark");
  const size_t begin = marks_.back();
  marks_.pop_back();
  Value value;
  return NewContainer(kind, &value) && MoveInto(value.index, begin) &&
         Push(value);
}

bool PickleMachine::TupleOf(size_t count) {
  Value value;
  return Need(count) && NewContainer(Kind::kTuple, &value) &&
         MoveInto(value.index, stack_.size() - count) && Push(value);
}

bool PickleMachine::AppendFromMark() {
  if (marks_.empty()) return Fail("no mark");
  const size_t begin = marks_.back();
  marks_.pop_back();
  return AppendLast(stack_.size() - begin);
}

bool PickleMachine::AppendLast(size_t count) {
  if (!Need(count + 1)) return false;
  const size_t begin = stack_.size() - count;
  const Value below = stack_[begin - 1];
  if (below.IsContainer()) return MoveInto(below.index, begin);
  // Items of what is no container, such as a subclass of a list, are lost.
  stack_.resize(begin);
  return true;
}

bool PickleMachine::Put(uint64_t slot) {
  if (!Need(1)) return false;
  if (slot >= kMaxMemo) return Fail("the memo is too large");
  if (slot >= memo_.size()) {
    const size_t size =
        std::min<uint64_t>(kMaxMemo, std::max<uint64_t>(64, 2 * slot));
    memo_.resize(std::max<size_t>(size, slot + 1));
    memo_set_.resize(memo_.size());
  }
  if (!memo_set_[slot]) ++memo_size_;
  memo_set_[slot] = true;
  memo_[slot] = stack_.back();
  return true;
}

bool PickleMachine::Get(uint64_t slot) {
  if (slot >= memo_.size() || !memo_set_[slot]) {
    return Fail("an empty slot of the memo");
  }
  return Push(memo_[slot]);
}

bool PickleMachine::StackGlobal() {
  if (!Need(2)) return false;
  const Value name = stack_.back();
  const Value module = stack_[stack_.size() - 2];
  if (name.kind != Kind::kString || module.kind != Kind::kString) {
    return Fail("a global without a name");
  }
  stack_.resize(stack_.size() - 2);
  return PushString(strings_[module.index] + ' ' + strings_[name.index],
                    Kind::kGlobal);
}

bool PickleMachine::PersistentId() {
  if (!Need(1)) return false;
  const Value id = stack_.back();
  stack_.pop_back();
  if (id.kind != Kind::kTuple) return PushOther();
  // ("storage", class, key, location, number of elements, ...)
  const std::vector<Value>& parts = containers_[id.index];
  if (parts.size() < 5 || parts[0].kind != Kind::kString ||
      strings_[parts[0].index] != "storage" || parts[1].kind != Kind::kGlobal ||
      parts[2].kind != Kind::kString) {
    return PushOther();
  }
  const std::string& key = strings_[parts[2].index];
  const auto [found, added] =
      storage_index_.try_emplace(key, static_cast<uint32_t>(storages_.size()));
  if (added) {
    if (storages_.size() == kMaxTensors) return Fail("too many storages");
    storages_.push_back({key, StorageDType(strings_[parts[1].index])});
  }
  return Push({Kind::kStorage, found->second, 0});
}

bool PickleMachine::Numbers(Value tuple, std::vector<uint64_t>* numbers) {
  if (tuple.kind != Kind::kTuple && tuple.kind != Kind::kList) return false;
  const std::vector<Value>& items = containers_[tuple.index];
  if (items.size() > kMaxTensorRank) return false;
  for (const Value& item : items) {
    if (item.kind != Kind::kInt || item.number < 0) return false;
    numbers->push_back(static_cast<uint64_t>(item.number));
  }
  return true;
}

bool PickleMachine::RebuildTensor(const std::vector<Value>& arguments,
                                  bool typed, Value* result) {
  *result = {};
  if (arguments.size() < 4 || arguments[0].kind != Kind::kStorage ||
      arguments[1].kind != Kind::kInt || arguments[1].number < 0) {
    return true;
  }
  Tensor tensor{.storage = arguments[0].index,
                .offset = static_cast<uint64_t>(arguments[1].number),
                .shape = {},
                .strides = {}};
  if (!Numbers(arguments[2], &tensor.shape) ||
      !Numbers(arguments[3], &tensor.strides) ||
      tensor.shape.size() != tensor.strides.size()) {
    return true;
  }
  Storage& storage = storages_[tensor.storage];
  if (typed && storage.dtype == DType::kBytes && arguments.size() > 6 &&
      arguments[6].kind == Kind::kGlobal) {
    storage.dtype = TensorDType(strings_[arguments[6].index]);
  }
  shape_bytes_ += 2 * sizeof(uint64_t) * tensor.shape.size();
  if (tensors_.size() == kMaxTensors || shape_bytes_ > kMaxTextBytes) {
    return Fail("too many tensors");
  }
  tensors_.push_back(std::move(tensor));
  *result = {Kind::kTensor, static_cast<uint32_t>(tensors_.size() - 1), 0};
  return true;
}

bool PickleMachine::CallTorch(std::string_view name,
                              const std::vector<Value>& arguments,
                              Value* result) {
  if (name == "_rebuild_tensor" || name == "_rebuild_tensor_v2" ||
      name == "_rebuild_qtensor") {
    return RebuildTensor(arguments, false, result);
  }
  if (name == "_rebuild_tensor_v3") {
    return RebuildTensor(arguments, true, result);
  }
  // (tensor, requires_grad, hooks, ...)
  if (name.starts_with("_rebuild_parameter") && !arguments.empty()) {
    *result = arguments[0];
  }
  // (callable, type, arguments, state): a call within the call.
  if (name == "_rebuild_from_type_v2" && arguments.size() >= 3 &&
      arguments[0].kind == Kind::kGlobal && arguments[2].kind == Kind::kTuple) {
    const std::string_view inner = strings_[arguments[0].index];
    const std::optional<std::string_view> callee = TorchName(inner);
    if (callee && *callee != name) {
      return CallTorch(*callee, containers_[arguments[2].index], result);
    }
  }
  return true;
}

bool PickleMachine::ObjectOf(Value part, Value* result) {
  if (!NewContainer(Kind::kDict, result)) return false;
  if (!part.IsContainer() || containers_[part.index].empty()) return true;
  // The arguments have no name of their own.
  return Add(result->index, {}) && Add(result->index, part);
}

bool PickleMachine::Call(Value callee, Value arguments, Value* result) {
  if (callee.kind == Kind::kGlobal && arguments.kind == Kind::kTuple) {
    const std::optional<std::string_view> name =
        TorchName(strings_[callee.index]);
    if (name) {
      *result = {};
      if (!CallTorch(*name, containers_[arguments.index], result)) return false;
      if (result->kind != Kind::kOther) return true;
    }
  }
  return ObjectOf(arguments, result);
}

bool PickleMachine::Reduce() {
  if (!Need(2)) return false;
  Value result;
  if (!Call(stack_[stack_.size() - 2], stack_.back(), &result)) return false;
  stack_.resize(stack_.size() - 2);
  return Push(result);
}

bool PickleMachine::New(bool keywords) {
  if (keywords && !Pop()) return false;
  return Reduce();
}

bool PickleMachine::NewFromMark() {
  // [class,] arguments: all of them, since a class is no container.
  if (!ContainerFromMark(Kind::kTuple)) return false;
  const Value arguments = stack_.back();
  stack_.pop_back();
  Value result;
  return ObjectOf(arguments, &result) && Push(result);
}

bool PickleMachine::Build() {
  if (!Need(2)) return false;
  const Value state = stack_.back();
  stack_.pop_back();
  const Value object = stack_.back();
  if (object.kind != Kind::kDict || !state.IsContainer()) return true;
  return Add(object.index, {}) && Add(object.index, state);
}

}  // namespace ingot
