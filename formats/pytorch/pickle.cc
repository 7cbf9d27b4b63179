#include "formats/pytorch/pickle.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "formats/base/rule.h"
#include "formats/base/source_cursor.h"
#include "formats/pytorch/pickle_machine.h"

namespace ingot {
namespace {

using Kind = PickleValue::Kind;

constexpr uint64_t kMaxOpcodes = uint64_t{1} << 23;
constexpr uint64_t kMaxLine = 4096;     // of protocol 0
constexpr uint64_t kMaxString = 65535;  // longer ones are no names
constexpr size_t kMaxFrames = 256;
constexpr uint64_t kMaxPickleNameBytes = uint64_t{32} << 20;
constexpr size_t kMaxName = 4096;

// Reads opcodes and drives a PickleMachine.
class Scanner {
 public:
  Scanner(const Source& source, uint64_t begin, uint64_t end)
      : cursor_(source, begin, end) {}

  // True at STOP; false where the scan cannot go on.
  bool Run();

  const std::optional<Error>& error() const { return cursor_.error(); }
  PickleMachine& machine() { return machine_; }
  uint64_t position() const { return cursor_.position(); }

 private:
  bool Step(uint8_t opcode);
  bool StepText(uint8_t opcode);
  // A string of `length` bytes, or its absence where it can be no name.
  bool String(uint64_t length);
  bool Skip(uint64_t length);  // bytes, floats, long integers
  bool LongInteger(uint64_t length);
  bool Line(std::string* line);
  bool Global();

  SourceCursor cursor_;
  PickleMachine machine_;
  bool stopped_ = false;
};

bool Scanner::Run() {
  for (uint64_t i = 0; i < kMaxOpcodes; ++i) {
    const auto opcode = cursor_.Read<uint8_t>();
    if (cursor_.failed()) return machine_.Fail("it has no end");
    const bool done = Step(opcode);
    if (cursor_.failed()) return machine_.Fail("it has no end");
    if (!done || stopped_) return done;
  }
  return machine_.Fail("too many opcodes");
}

bool Scanner::String(uint64_t length) {
  if (length > kMaxString) return Skip(length);
  return machine_.PushString(cursor_.ReadString(length));
}

bool Scanner::Skip(uint64_t length) {
  cursor_.Skip(length);
  return machine_.PushOther();
}

bool Scanner::LongInteger(uint64_t length) {
  if (length > sizeof(int64_t)) return Skip(length);
  const std::string bytes = cursor_.ReadString(length);
  if (bytes.size() != length) return false;
  // Two's complement, little-endian, sign in the last byte.
  uint64_t value = !bytes.empty() && (bytes.back() & 0x80) ? UINT64_MAX : 0;
  for (size_t i = bytes.size(); i-- > 0;) {
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  }
  return machine_.PushInt(static_cast<int64_t>(value));
}

bool Scanner::Line(std::string* line) {
  line->clear();
  for (;;) {
    const char c = static_cast<char>(cursor_.Read<uint8_t>());
    if (cursor_.failed()) return false;
    if (c == '\n') return true;
    if (line->size() == kMaxLine) return machine_.Fail("a line is too long");
    *line += c;
  }
}

bool Scanner::Global() {
  std::string module;
  std::string name;
  if (!Line(&module) || !Line(&name)) return false;
  return machine_.PushString(module + ' ' + name, Kind::kGlobal);
}

// Opcodes whose arguments are lines of text, all but the global's.
bool Scanner::StepText(uint8_t opcode) {
  std::string line;
  if (!Line(&line)) return false;
  int64_t number = 0;
  const char* const end = line.data() + line.size();
  const auto [parsed, error] = std::from_chars(line.data(), end, number);
  const bool is_long = opcode == 'L' && parsed != end && *parsed == 'L';
  const bool is_number =
      error == std::errc() && (parsed == end || (is_long && parsed + 1 == end));
  switch (opcode) {
    case 'I':
    case 'L':
      return is_number ? machine_.PushInt(number) : machine_.PushOther();
    case 'g':
    case 'p':
      if (!is_number || number < 0) return machine_.Fail("no memo slot");
      return opcode == 'g' ? machine_.Get(static_cast<uint64_t>(number))
                           : machine_.Put(static_cast<uint64_t>(number));
    case 'S':  // quoted
      if (line.size() >= 2) line = line.substr(1, line.size() - 2);
      return machine_.PushString(std::move(line));
    case 'V':
      return machine_.PushString(std::move(line));
    default:  // FLOAT, PERSID
      return machine_.PushOther();
  }
}

bool Scanner::Step(uint8_t opcode) {
  switch (opcode) {
    case '.':  // STOP
      stopped_ = true;
      return true;
    case 0x80:  // PROTO
      return cursor_.Skip(1);
    case 0x95:  // FRAME
      return cursor_.Skip(8);
    case '(':
      return machine_.Mark();
    case '0':
      return machine_.Pop();
    case '1':
      return machine_.PopMark();
    case '2':
      return machine_.Duplicate();

    case 0x88:  // NEWTRUE
    case 0x89:  // NEWFALSE
      return machine_.PushInt(opcode == 0x88);
    case 'N':
    case 0x97:  // NEXT_BUFFER
      return machine_.PushOther();
    case 0x98:  // READONLY_BUFFER
      return true;
    case 'K':
      return machine_.PushInt(cursor_.Read<uint8_t>());
    case 'M':
      return machine_.PushInt(cursor_.Read<uint16_t>());
    case 'J':
      return machine_.PushInt(cursor_.Read<int32_t>());
    case 0x8a:  // LONG1
      return LongInteger(cursor_.Read<uint8_t>());
    case 0x8b:  // LONG4
      return LongInteger(cursor_.Read<uint32_t>());
    case 'G':
      return Skip(8);
    case 'U':
    case 0x8c:  // SHORT_BINUNICODE
      return String(cursor_.Read<uint8_t>());
    case 'T':
    case 'X':
      return String(cursor_.Read<uint32_t>());
    case 0x8d:  // BINUNICODE8
      return String(cursor_.Read<uint64_t>());
    case 'C':
      return Skip(cursor_.Read<uint8_t>());
    case 'B':
      return Skip(cursor_.Read<uint32_t>());
    case 0x8e:  // BINBYTES8
    case 0x96:  // BYTEARRAY8
      return Skip(cursor_.Read<uint64_t>());

    case ')':
      return machine_.PushContainer(Kind::kTuple);
    case ']':
    case 0x8f:  // EMPTY_SET
      return machine_.PushContainer(Kind::kList);
    case '}':
      return machine_.PushContainer(Kind::kDict);
    case 't':
      return machine_.ContainerFromMark(Kind::kTuple);
    case 'l':
    case 0x91:  // FROZENSET
      return machine_.ContainerFromMark(Kind::kList);
    case 'd':
      return machine_.ContainerFromMark(Kind::kDict);
    case 0x85:
    case 0x86:
    case 0x87:
      return machine_.TupleOf(opcode - 0x84u);
    case 'a':
      return machine_.AppendLast(1);
    case 's':
      return machine_.AppendLast(2);
    case 'e':
    case 'u':
    case 0x90:  // ADDITEMS
      return machine_.AppendFromMark();

    case 'q':
      return machine_.Put(cursor_.Read<uint8_t>());
    case 'r':
      return machine_.Put(cursor_.Read<uint32_t>());
    case 0x94:
      return machine_.Memoize();
    case 'h':
      return machine_.Get(cursor_.Read<uint8_t>());
    case 'j':
      return machine_.Get(cursor_.Read<uint32_t>());

    case 'c':
      return Global();
    case 0x93:
      return machine_.StackGlobal();
    case 0x82:  // EXT1, EXT2, EXT4: globals by number
      return Skip(1);
    case 0x83:
      return Skip(2);
    case 0x84:
      return Skip(4);
    case 'Q':
      return machine_.PersistentId();
    case 'R':
      return machine_.Reduce();
    case 0x81:
      return machine_.New(false);
    case 0x92:
      return machine_.New(true);
    case 'i':  // INST: the class follows as text, the arguments lie marked
    case 'o':
      return (opcode == 'o' || (Global() && machine_.Pop())) &&
             machine_.NewFromMark();
    case 'b':
      return machine_.Build();

    case 'F':
    case 'I':
    case 'L':
    case 'P':
    case 'S':
    case 'V':
    case 'g':
    case 'p':
      return StepText(opcode);
    default:
      return machine_.Fail("opcode " + std::to_string(opcode) + " is unknown");
  }
}

// Names tensors by the keys on the way to them from the value that the pickle
// is. Of several ways the first counts, and no container is entered twice, so
// that cycles end.
class Namer {
 public:
  explicit Namer(const PickleMachine& machine)
      : machine_(machine),
        visited_(machine.containers().size(), false),
        names_(machine.tensors().size()) {}

  std::vector<std::string> Run(PickleValue root);

 private:
  struct Frame {
    PickleValue container;
    size_t next;         // item
    size_t path_length;  // of path_ at this container
  };

  void Visit(PickleValue value);
  // Appends the key of an item; false where the path becomes too long.
  bool Extend(const Frame& frame, size_t item);

  const PickleMachine& machine_;
  std::vector<bool> visited_;
  std::vector<std::string> names_;
  std::vector<Frame> frames_;
  std::string path_;
  uint64_t name_bytes_ = 0;
};

void Namer::Visit(PickleValue value) {
  if (value.kind == Kind::kTensor) {
    std::string& name = names_[value.index];
    if (name.empty() && name_bytes_ + path_.size() <= kMaxPickleNameBytes) {
      name = path_;
      name_bytes_ += name.size();
    }
  } else if (value.IsContainer() && !visited_[value.index] &&
             frames_.size() < kMaxFrames) {
    visited_[value.index] = true;
    frames_.push_back({value, 0, path_.size()});
  }
}

bool Namer::Extend(const Frame& frame, size_t item) {
  std::string key;
  if (frame.container.kind != Kind::kDict) {
    key = std::to_string(item);
  } else {
    const PickleValue value =
        machine_.containers()[frame.container.index][item];
    if (value.kind == Kind::kString) {
      key = machine_.strings()[value.index];
      // A module that was pickled whole: named as its state_dict would.
      if (key == "_modules" || key == "_parameters" || key == "_buffers") {
        return true;
      }
    } else if (value.kind == Kind::kInt) {
      key = std::to_string(value.number);
    }
    if (key.empty()) return true;
  }
  if (path_.size() + 1 + key.size() > kMaxName) return false;
  if (!path_.empty()) path_ += '.';
  path_ += key;
  return true;
}

std::vector<std::string> Namer::Run(PickleValue root) {
  Visit(root);
  while (!frames_.empty()) {
    Frame& frame = frames_.back();
    const auto& items = machine_.containers()[frame.container.index];
    path_.resize(frame.path_length);
    const bool dict = frame.container.kind == Kind::kDict;
    const size_t value = frame.next + (dict ? 1 : 0);
    if (value >= items.size()) {
      frames_.pop_back();
      continue;
    }
    const size_t item = frame.next;
    frame.next = value + 1;
    if (Extend(frame, item)) Visit(items[value]);
  }
  return std::move(names_);
}

// What a value that is no tensor says.
void DescribeValue(const PickleMachine& machine, PickledTensors* result) {
  const PickleValue value = machine.top();
  if (value.kind == Kind::kInt) result->integers[""] = value.number;
  if (!value.IsContainer()) return;
  const std::vector<PickleValue>& items = machine.containers()[value.index];
  const auto text = [&machine](PickleValue item) {
    return machine.strings()[item.index];
  };
  for (size_t i = 0; i < items.size(); ++i) {
    const bool string = items[i].kind == Kind::kString;
    if (value.kind != Kind::kDict && string) {
      result->strings.push_back(text(items[i]));
    } else if (value.kind == Kind::kDict && i % 2 == 0 && string &&
               i + 1 < items.size() && items[i + 1].kind == Kind::kInt) {
      result->integers[text(items[i])] = items[i + 1].number;
    }
  }
}

// The shape's elements; views without meaning count as empty.
uint64_t Elements(const PickledView& view) {
  return ElementCount(view.shape).value_or(0);
}

}  // namespace

Result<PickledTensors> ScanPickle(const Source& source, uint64_t begin,
                                  uint64_t end) {
  PickledTensors result;
  result.end = begin;
  if (end - begin > kMaxPickleLength) {
    result.problem = "it is longer than 64 MiB";
    return result;
  }
  Scanner scanner(source, begin, end);
  const bool complete = scanner.Run();
  if (scanner.error()) return *scanner.error();
  const PickleMachine& machine = scanner.machine();
  result.end = scanner.position();
  std::vector<std::string> names(machine.tensors().size());
  if (complete) {
    names = Namer(machine).Run(machine.top());
    DescribeValue(machine, &result);
  } else {
    result.problem = RuleAt(machine.problem(), scanner.position() - begin).text;
  }
  for (const PickleMachine::Storage& storage : machine.storages()) {
    result.storages[storage.key].dtype = storage.dtype;
  }
  for (size_t i = 0; i < names.size(); ++i) {
    const PickleMachine::Tensor& tensor = machine.tensors()[i];
    PickledView view{.name = ToUtf8(names[i]),
                     .offset = tensor.offset,
                     .shape = tensor.shape,
                     .strides = tensor.strides};
    std::optional<PickledView>& best =
        result.storages[machine.storages()[tensor.storage].key].view;
    if (!best || Elements(view) > Elements(*best)) best = std::move(view);
  }
  return result;
}

}  // namespace ingot
