#include "formats/pytorch/pickle.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "codec/source.h"
#include "formats/pytorch/storage.h"
#include "tests/formats/pickle_writer.h"
#include "tests/sanitized.h"

namespace ingot {
namespace {

using pickle::Call;
using pickle::Dict;
using pickle::Global;
using pickle::Int;
using pickle::Ints;
using pickle::List;
using pickle::Pickle;
using pickle::Storage;
using pickle::Str;
using pickle::Tensor;
using pickle::Tuple;

PickledTensors Scan(std::string_view text) {
  const auto source = MakeMemorySource(AsBytes(text));
  Result<PickledTensors> scanned = ScanPickle(*source, 0, text.size());
  EXPECT_TRUE(scanned.ok());
  return *std::move(scanned);
}

// The name under which storage "0" is seen, in a pickle that is valid.
std::string NameIn(std::string_view text) {
  const PickledTensors tensors = Scan(text);
  EXPECT_EQ(tensors.problem, "");
  const auto found = tensors.storages.find("0");
  if (found == tensors.storages.end()) return "(no storage)";
  return found->second.view ? found->second.view->name : "(no view)";
}

const std::string kTensor = Tensor("FloatStorage", "0", 6, {2, 3});

TEST(PickleTest, NamesAreTheKeysOnTheWay) {
  EXPECT_EQ(NameIn(Pickle(kTensor)), "");
  EXPECT_EQ(NameIn(Pickle(Dict({{"a.b", kTensor}}))), "a.b");
  EXPECT_EQ(NameIn(Pickle(Dict({{"s", Dict({{"x", kTensor}})}}))), "s.x");
  EXPECT_EQ(NameIn(Pickle(List({Int(1), kTensor}))), "1");
  EXPECT_EQ(NameIn(Pickle(Tuple({kTensor}))), "0");
  // {7: {"m": tensor}}, built without a mark.
  EXPECT_EQ(NameIn(Pickle("}K\x07" + Dict({{"m", kTensor}}) + "s")), "7.m");
  // OrderedDict(), then items.
  EXPECT_EQ(NameIn(Pickle(Call(Global("collections", "OrderedDict"), {}) + "(" +
                          Str("w") + kTensor + "u")),
            "w");
  // OrderedDict([("w", tensor)]), as Python 2 wrote it.
  EXPECT_EQ(NameIn(Pickle(Call(Global("collections", "OrderedDict"),
                               {List({List({Str("w"), kTensor})})}))),
            "0.0.1");
  // A module pickled whole, its class unknown.
  const std::string module =
      Global("my.nets", "Net") + ")\x81" +
      Dict({{"_modules",
             Dict({{"fc",
                    Global("torch.nn", "Linear") + ")\x81" +
                        Dict({{"_parameters", Dict({{"weight", kTensor}})}}) +
                        "b"}})}}) +
      "b";
  EXPECT_EQ(NameIn(Pickle(module)), "fc.weight");
  EXPECT_EQ(NameIn(Pickle(Dict({{"net", module}}))), "net.fc.weight");
  // Parameters and tensor subclasses stand for the tensor that they hold.
  const std::string parameter = Call(
      Global("torch._utils", "_rebuild_parameter"), {kTensor, "\x88", "}"});
  EXPECT_EQ(NameIn(Pickle(Dict({{"p", parameter}}))), "p");
  const std::string subclass = Call(
      Global("torch._tensor", "_rebuild_from_type_v2"),
      {Global("torch._utils", "_rebuild_tensor_v2"), Global("my", "Subclass"),
       Tuple({Storage("FloatStorage", "0", 6), Int(0), Ints({6}), Ints({1}),
              "\x89", "}"}),
       "}"});
  EXPECT_EQ(NameIn(Pickle(Dict({{"q", subclass}}))), "q");
}

TEST(PickleTest, ProtocolsZeroToFive) {
  // 0: text.
  EXPECT_EQ(NameIn("(dp0\nVw\np1\nctorch._utils\n_rebuild_tensor_v2\n((S'"
                   "storage'\nctorch\nFloatStorage\nV0\nVcpu\nL6L\ntp2\nQI0\n"
                   "(I6\nt(I1\ntI00\n}tRs."),
            "w");
  // 4: framed, with MEMOIZE and STACK_GLOBAL.
  const auto text = [](std::string_view value) {
    return std::string("\x8c") + static_cast<char>(value.size()) +
           std::string(value) + "\x94";
  };
  const std::string four =
      std::string("\x80\x04\x95\xff\0\0\0\0\0\0\0", 11) + "}\x94" +
      text("deep") + text("torch._utils") + text("_rebuild_tensor_v2") +
      "\x93\x94((" + text("storage") + text("torch") + text("FloatStorage") +
      "\x93\x94" + text("0") + text("cpu") + "K\x06t\x94QK" +
      std::string(1, '\0') + "K\x06\x85\x94K\x01\x85\x94\x89}\x94t\x94R\x94s.";
  EXPECT_EQ(NameIn(four), "deep");
  // The memo: one string as two keys.
  EXPECT_EQ(
      NameIn(Pickle("}" + Str("k") + "q\x05" + "}h\x05" + kTensor + "ss")),
      "k.k");
}

TEST(PickleTest, DTypesComeFromStorages) {
  struct Case {
    const char* type;
    DType dtype;
  };
  for (const Case& c :
       {Case{"FloatStorage", DType::kF32}, Case{"DoubleStorage", DType::kF64},
        Case{"HalfStorage", DType::kF16}, Case{"BFloat16Storage", DType::kBf16},
        Case{"LongStorage", DType::kI64}, Case{"IntStorage", DType::kI32},
        Case{"ShortStorage", DType::kI16}, Case{"CharStorage", DType::kI8},
        Case{"ByteStorage", DType::kU8}, Case{"BoolStorage", DType::kBool},
        Case{"ComplexFloatStorage", DType::kC64},
        Case{"QInt8Storage", DType::kI8}, Case{"UntypedStorage", DType::kBytes},
        Case{"StrangeStorage", DType::kBytes}}) {
    const PickledTensors tensors = Scan(Pickle(Tensor(c.type, "0", 6, {6})));
    EXPECT_EQ(tensors.storages.at("0").dtype, c.dtype) << c.type;
  }
  // Storages without a class of their own have the tensor's dtype.
  const std::string tensor =
      Call(Global("torch._utils", "_rebuild_tensor_v3"),
           {Tuple({Str("storage"), Global("torch.storage", "UntypedStorage"),
                   Str("0"), Str("cpu"), Int(6)}) +
                "Q",
            Int(0), Ints({6}), Ints({1}), "\x89", "}",
            Global("torch", "float8_e4m3fn"), "}"});
  EXPECT_EQ(Scan(Pickle(tensor)).storages.at("0").dtype, DType::kF8E4m3);
  EXPECT_EQ(NameIn(Pickle(Dict({{"x", tensor}}))), "x");
}

// What becomes of a storage of 24 elements by these views.
Region RegionOf(const std::string& views) {
  const PickledTensors tensors = Scan(Pickle(Tuple({views})));
  const std::optional<Region> region =
      StorageRegion(tensors.storages.at("0"), 100, 96, "spare");
  EXPECT_TRUE(region.has_value());
  EXPECT_EQ(region->offset, 100u);
  EXPECT_EQ(region->length, 96u);
  return *region;
}

TEST(PickleTest, StoragesAreSeenAsTheirLargestView) {
  const auto view = [](std::vector<int32_t> shape, std::vector<int32_t> strides,
                       int32_t offset = 0) {
    return Tensor("FloatStorage", "0", 24, shape, strides, offset);
  };
  using Shape = std::vector<uint64_t>;
  const Shape flat = {24};
  // In order and whole.
  Region region = RegionOf(view({4, 6}, {6, 1}));
  EXPECT_EQ(region.tensor->shape, (Shape{4, 6}));
  EXPECT_EQ(region.columns, 6u);
  // A transposed matrix lies in rows of four.
  region = RegionOf(view({6, 4}, {1, 6}));
  EXPECT_EQ(region.tensor->shape, flat);
  EXPECT_EQ(region.columns, 6u);
  // Strides of dimensions of one element mean nothing.
  region = RegionOf(view({1, 4, 1, 6}, {99, 6, 0, 1}));
  EXPECT_EQ(region.tensor->shape, (Shape{1, 4, 1, 6}));
  // Channels last: [out, channels, h, w] = [1, 2, 3, 4] with channels inside.
  region = RegionOf(view({2, 2, 3, 2}, {12, 1, 4, 2}));
  EXPECT_EQ(region.tensor->shape, flat);
  EXPECT_EQ(region.columns, 12u);
  // A part; the larger of two parts; the first of equals.
  region = RegionOf(view({2, 6}, {6, 1}, 6));
  EXPECT_EQ(region.tensor->shape, flat);
  EXPECT_EQ(region.columns, 6u);
  region = RegionOf(List({view({2, 3}, {3, 1}), view({5, 4}, {4, 1})}));
  EXPECT_EQ(region.columns, 4u);
  EXPECT_EQ(region.tensor->name, "0.1");
  region = RegionOf(List({view({4, 6}, {6, 1}), view({6, 4}, {4, 1})}));
  EXPECT_EQ(region.columns, 6u);
  EXPECT_EQ(region.tensor->name, "0.0");
  // Views that cannot be: beyond the end, elements on each other, apart.
  region = RegionOf(view({4, 600}, {600, 1}));
  EXPECT_EQ(region.tensor->shape, flat);
  EXPECT_EQ(region.columns, 24u);
  EXPECT_EQ(RegionOf(view({4, 6}, {0, 1})).tensor->shape, flat);
  EXPECT_EQ(RegionOf(view({4, 3}, {6, 2})).tensor->shape, flat);
  EXPECT_EQ(RegionOf(view({4, 6}, {6, 1}, 1)).tensor->shape, flat);
  EXPECT_EQ(RegionOf(view({2147483647, 2147483647, 2147483647},
                          {2147483647, 2147483647, 1}))
                .tensor->shape,
            flat);
}

TEST(PickleTest, WhatIsNotUnderstoodHasNoNames) {
  const std::string state = Pickle(Dict({{"a", kTensor}}));
  for (const std::string& broken :
       {state.substr(0, state.size() - 1),
        state.substr(0, state.size() - 1) + "\xfe.",
        std::string("\x80\x02") + Dict({{"a", kTensor}}) + "0000.",
        std::string("\x80\x02") + Dict({{"a", kTensor}}) + "h\x09.",
        std::string("\x80\x02") + Dict({{"a", kTensor}}) + "t."}) {
    const PickledTensors tensors = Scan(broken);
    EXPECT_NE(tensors.problem, "");
    EXPECT_EQ(tensors.storages.at("0").dtype, DType::kF32);
    EXPECT_EQ(tensors.storages.at("0").view->name, "");
  }
  EXPECT_EQ(Scan("\xfe").problem, "opcode 254 is unknown (offset 1)");
  EXPECT_EQ(Scan("").problem, "it has no end (offset 0)");
  EXPECT_EQ(Scan("(((.").problem, "");
}

TEST(PickleTest, ForeignCallsMeanNothing) {
  // What a real unpickler would run; here it is an object without a name.
  const std::string attack = Call(Global("os", "system"), {Str("rm -rf /")});
  EXPECT_EQ(NameIn(Pickle(Dict({{"x", attack}, {"w", kTensor}}))), "w");
  EXPECT_EQ(NameIn(Pickle(
                Dict({{"x", Call(Global("builtins", "eval"), {kTensor})}}))),
            "x.0");
  // Rebuilding from nonsense.
  const std::string rebuild = Global("torch._utils", "_rebuild_tensor_v2");
  for (const std::string& arguments :
       {Tuple({}), Tuple({Int(1), Int(2), Int(3), Int(4)}),
        Tuple({Storage("FloatStorage", "0", 6), Int(-1), Ints({6}), Ints({1})}),
        Tuple({Storage("FloatStorage", "0", 6), Int(0), Ints({-6}), Ints({1})}),
        Tuple({Storage("FloatStorage", "0", 6), Int(0), Ints({6}), Ints({})}),
        Tuple({Storage("FloatStorage", "0", 6), Int(0), Int(6), Int(1)}),
        std::string("N")}) {
    EXPECT_EQ(Scan(Pickle(rebuild + arguments + "R")).problem, "");
  }
}

TEST(PickleTest, LimitsHold) {
  // Depth: lists in lists. The scanner has no recursion; names stop.
  const std::string deep(400000, ']');
  EXPECT_EQ(NameIn(deep + kTensor + std::string(400000, 'a') + "."), "");
  EXPECT_EQ(Scan(std::string(600000, ']') + ".").problem.substr(0, 3), "too");
  EXPECT_EQ(Scan(std::string(600000, 'N') + ".").problem.substr(0, 9),
            "the stack");
  EXPECT_EQ(Scan(std::string(600000, '(') + ".").problem.substr(0, 8),
            "too many");
  // The memo: a slot far away costs a message.
  EXPECT_EQ(Scan(std::string("Nr\xff\xff\xff\x7f.", 7)).problem.substr(0, 8),
            "the memo");
  EXPECT_EQ(Scan("Np99999999999999999999\n.").problem.substr(0, 7), "no memo");
  EXPECT_EQ(Scan("Np-1\n.").problem.substr(0, 7), "no memo");
  // A list that holds itself, twice over.
  EXPECT_EQ(NameIn("]q\x01h\x01"
                   "ah\x01"
                   "a" +
                   kTensor + "a."),
            "2");
  // Each list holds the one before it ten times.
  std::string laughs = "]q\x01" + kTensor + "a";
  for (char level = 2; level < 100; ++level) {
    laughs += "](";
    for (int i = 0; i < 10; ++i) laughs += std::string("h") + char(level - 1);
    laughs += std::string("eq") + level;
  }
  EXPECT_NE(NameIn(laughs + "."), "(no view)");
  // Opcodes without effect.
  EXPECT_EQ(Scan(std::string(9000000, '\x98')).problem.substr(0, 8),
            "too many");
  // Lengths beyond the end.
  for (const std::string_view head :
       {"X\xff\xff\xff\xff", "T\xff\xff\xff\xff", "B\xff\xff\xff\xff",
        "\x8d\xff\xff\xff\xff\xff\xff\xff\xff",
        "\x8e\xff\xff\xff\xff\xff\xff\xff\xff", "\x8b\xff\xff\xff\xff",
        "\x95\x01", "G123", "cmodule", "I12"}) {
    EXPECT_EQ(Scan(head).problem.substr(0, 10), "it has no ") << head;
  }
  EXPECT_EQ(Scan("c" + std::string(5000, 'x')).problem.substr(0, 6), "a line");
}

TEST(PickleTest, NamesAreUtf8AndNotTooLong) {
  EXPECT_EQ(NameIn(Pickle(Dict({{"a\xff\xc3\xbc", kTensor}}))), "a?\xc3\xbc");
  EXPECT_EQ(NameIn(Pickle(Dict({{std::string(5000, 'x'), kTensor}}))), "");
  EXPECT_EQ(NameIn(Pickle(Dict({{std::string(70000, 'x'), kTensor}}))), "");
}

TEST(PickleTest, EveryPrefixAndEveryFlippedBitIsSurvived) {
  std::string text = Pickle(Dict(
      {{"w", kTensor},
       {"o", Dict({{"m", Tensor("BFloat16Storage", "1", 4, {2, 2}, {1, 2})}})},
       {"l", List({Int(-1), Str("x")})}}));
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_NE(Scan(std::string_view(text).substr(0, size)).problem, "");
  }
  for (size_t bit = 0; bit < 8 * text.size(); bit += kStride) {
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
    for (const auto& [key, storage] : Scan(text).storages) {
      StorageRegion(storage, 0, 24, key);
    }
    text[bit / 8] = static_cast<char>(text[bit / 8] ^ (1 << bit % 8));
  }
}

}  // namespace
}  // namespace ingot
