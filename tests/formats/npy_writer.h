// NPY files for tests.

#ifndef INGOT_TESTS_FORMATS_NPY_WRITER_H_
#define INGOT_TESTS_FORMATS_NPY_WRITER_H_

#include <cstdint>
#include <string>

#include "codec/bytes.h"

namespace ingot {

inline std::string NpyWithHeader(const std::string& header, size_t data_length,
                                 unsigned version = 1) {
  std::string file = "\x93NUMPY";
  file += static_cast<char>(version);
  file += '\0';
  const size_t length_bytes = version == 1 ? 2 : 4;
  uint32_t length = static_cast<uint32_t>(header.size());
  file.append(reinterpret_cast<const char*>(&length), length_bytes);
  file += header;
  for (size_t i = 0; i < data_length; ++i) {
    file += static_cast<char>(i * 29 + 3);
  }
  return file;
}

// As numpy writes it, padded to 64 bytes.
inline std::string NpyFile(const std::string& descr, const std::string& shape,
                           size_t data_length, bool fortran_order = false,
                           unsigned version = 1) {
  std::string header = "{'descr': '" + descr + "', 'fortran_order': " +
                       (fortran_order ? "True" : "False") +
                       ", 'shape': " + shape + ", }";
  while ((header.size() + (version == 1 ? 11 : 13)) % 64 != 0) header += ' ';
  return NpyWithHeader(header + '\n', data_length, version);
}

}  // namespace ingot

#endif  // INGOT_TESTS_FORMATS_NPY_WRITER_H_
