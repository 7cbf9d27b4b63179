// Exit 0 where the installed headers compile and the library links and works.

#include <vector>

#include "codec/digest.h"
#include "codec/dtype.h"
#include "codec/sink.h"

int main() {
  std::vector<std::byte> bytes;
  if (!ingot::MakeMemorySink(&bytes)->Write(ingot::AsBytes("abc")).ok()) {
    return 1;
  }
  const bool digest_ok = ingot::ToHex(ingot::HashBytes(bytes)) ==
                         "ba7816bf8f01cfea414140de5dae2223"
                         "b00361a396177a9cb410ff61f20015ad";
  return digest_ok && ingot::ParseDType("BF16") ? 0 : 2;
}
