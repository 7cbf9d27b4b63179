// PickleMachine: the stack, the memo and the containers of a pickle, as symbols
// (see formats/pytorch/pickle.h for what is made of them).
//
// A call that returns false stops the scan: problem() says why. No call
// executes anything, follows a value deeper than one level or allocates by a
// number from the pickle that is not compared with a limit.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_FORMATS_PYTORCH_PICKLE_MACHINE_H_
#define INGOT_FORMATS_PYTORCH_PICKLE_MACHINE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "codec/dtype.h"

namespace ingot {

struct PickleValue {
  enum class Kind : uint8_t {
    kOther,    // None, floats, bytes, long integers
    kInt,      // number; booleans too
    kString,   // index: in strings()
    kGlobal,   // the same, "module name"
    kTuple,    // index: in containers()
    kList,     // lists and sets
    kDict,     // dicts and objects: keys and values in turn
    kStorage,  // index: in storages()
    kTensor,   // index: in tensors()
  };
  Kind kind = Kind::kOther;
  uint32_t index = 0;
  int64_t number = 0;

  bool IsContainer() const {
    return kind == Kind::kTuple || kind == Kind::kList || kind == Kind::kDict;
  }
};

class PickleMachine {
 public:
  using Value = PickleValue;
  using Kind = PickleValue::Kind;

  struct Storage {
    std::string key;
    DType dtype;
  };
  struct Tensor {
    uint32_t storage;
    uint64_t offset;
    std::vector<uint64_t> shape;
    std::vector<uint64_t> strides;
  };

  // Values.
  bool Push(Value value);
  bool PushInt(int64_t number) { return Push({Kind::kInt, 0, number}); }
  bool PushOther() { return Push({}); }
  bool PushString(std::string text, Kind kind = Kind::kString);
  bool PushContainer(Kind kind);
  bool Pop();
  bool Duplicate();

  // Marks, and containers of what lies above the last one.
  bool Mark();
  bool PopMark();
  bool ContainerFromMark(Kind kind);
  bool TupleOf(size_t count);
  // What lies above the mark, or the last `count` values, into the container
  // below.
  bool AppendFromMark();
  bool AppendLast(size_t count);

  // The memo.
  bool Put(uint64_t slot);
  bool Memoize() { return Put(memo_size_); }
  bool Get(uint64_t slot);

  // Calls, of which only those of torch mean anything.
  bool StackGlobal();
  bool PersistentId();
  bool Reduce();            // callable, arguments
  bool New(bool keywords);  // class, arguments [, keywords]
  bool NewFromMark();       // INST and OBJ
  bool Build();             // object, state

  bool Fail(std::string_view problem);
  const std::string& problem() const { return problem_; }

  // The value on top; kOther where there is none.
  Value top() const { return stack_.empty() ? Value{} : stack_.back(); }
  const std::vector<std::string>& strings() const { return strings_; }
  const std::vector<std::vector<Value>>& containers() const {
    return containers_;
  }
  const std::vector<Storage>& storages() const { return storages_; }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  // Values above the last mark or, without one, all.
  size_t Floor() const { return marks_.empty() ? 0 : marks_.back(); }
  bool Need(size_t count);
  bool Add(uint32_t container, Value value);
  // Moves the values from stack position `begin` on into a container.
  bool MoveInto(uint32_t container, size_t begin);
  // The result of calling `callee` with `arguments`.
  bool Call(Value callee, Value arguments, Value* result);
  bool CallTorch(std::string_view name, const std::vector<Value>& arguments,
                 Value* result);
  bool RebuildTensor(const std::vector<Value>& arguments, bool typed,
                     Value* result);
  bool Numbers(Value tuple, std::vector<uint64_t>* numbers);
  // An object of unknown meaning that holds `part`.
  bool ObjectOf(Value part, Value* result);
  bool NewContainer(Kind kind, Value* result);

  std::vector<Value> stack_;
  std::vector<size_t> marks_;
  std::vector<Value> memo_;
  std::vector<bool> memo_set_;
  uint64_t memo_size_ = 0;  // slots that are set
  std::vector<std::string> strings_;
  std::vector<std::vector<Value>> containers_;
  std::vector<Storage> storages_;
  std::unordered_map<std::string, uint32_t> storage_index_;
  std::vector<Tensor> tensors_;
  uint64_t string_bytes_ = 0;
  uint64_t shape_bytes_ = 0;
  uint64_t items_ = 0;
  std::string problem_;
};

}  // namespace ingot

#endif  // INGOT_FORMATS_PYTORCH_PICKLE_MACHINE_H_
