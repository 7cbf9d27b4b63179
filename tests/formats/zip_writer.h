// ZipWriter: zip archives for tests, valid or broken on purpose.

#ifndef INGOT_TESTS_FORMATS_ZIP_WRITER_H_
#define INGOT_TESTS_FORMATS_ZIP_WRITER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "codec/bytes.h"

namespace ingot {

template <typename T>
void AppendInteger(std::string* text, uint64_t value) {
  const auto number = static_cast<T>(value);
  text->append(reinterpret_cast<const char*>(&number), sizeof(number));
}

struct ZipOptions {
  uint16_t method = 0;
  bool descriptor = false;  // sizes behind the data, zeros in the local header
  bool zip64 = false;       // sizes and offset in the extra field
  size_t padding = 0;       // bytes of extra field in the local header
};

class ZipWriter {
 public:
  ZipWriter& Add(std::string_view name, std::string_view data,
                 const ZipOptions& options = {}) {
    const uint64_t header = file_.size();
    const uint16_t flags = options.descriptor ? 0x808 : 0;
    AppendInteger<uint32_t>(&file_, 0x04034b50);
    AppendInteger<uint16_t>(&file_, 20);
    AppendInteger<uint16_t>(&file_, flags);
    AppendInteger<uint16_t>(&file_, options.method);
    file_ += std::string(8, '\x11');  // time, date, CRC: not looked at
    const uint64_t local_size = options.descriptor ? 0 : data.size();
    AppendInteger<uint32_t>(&file_, local_size);
    AppendInteger<uint32_t>(&file_, local_size);
    AppendInteger<uint16_t>(&file_, name.size());
    AppendInteger<uint16_t>(&file_, options.padding);
    file_ += name;
    file_ += std::string(options.padding, 'Z');
    file_ += data;
    if (options.descriptor) {
      AppendInteger<uint32_t>(&file_, 0x08074b50);
      file_ += std::string(4, '\x11');
      AppendInteger<uint32_t>(&file_, data.size());
      AppendInteger<uint32_t>(&file_, data.size());
    }
    AddToDirectory(name, header, data.size(), data.size(), flags, options);
    return *this;
  }

  // An entry of the central directory alone.
  ZipWriter& AddToDirectory(std::string_view name, uint64_t header,
                            uint64_t stored, uint64_t size, uint16_t flags,
                            const ZipOptions& options = {}) {
    AppendInteger<uint32_t>(&directory_, 0x02014b50);
    AppendInteger<uint32_t>(&directory_, 0);
    AppendInteger<uint16_t>(&directory_, flags);
    AppendInteger<uint16_t>(&directory_, options.method);
    directory_ += std::string(8, '\x11');
    const uint64_t saturated = UINT32_MAX;
    AppendInteger<uint32_t>(&directory_, options.zip64 ? saturated : stored);
    AppendInteger<uint32_t>(&directory_, options.zip64 ? saturated : size);
    AppendInteger<uint16_t>(&directory_, name.size());
    AppendInteger<uint16_t>(&directory_, options.zip64 ? 28 : 0);
    directory_ += std::string(10, '\0');
    AppendInteger<uint32_t>(&directory_, options.zip64 ? saturated : header);
    directory_ += name;
    if (options.zip64) {
      AppendInteger<uint16_t>(&directory_, 1);
      AppendInteger<uint16_t>(&directory_, 24);
      AppendInteger<uint64_t>(&directory_, size);
      AppendInteger<uint64_t>(&directory_, stored);
      AppendInteger<uint64_t>(&directory_, header);
    }
    ++entries_;
    return *this;
  }

  uint64_t size() const { return file_.size(); }
  void set_entries(uint64_t entries) { entries_ = entries; }

  std::string Finish(std::string_view comment = "", bool zip64 = false) const {
    std::string file = file_ + directory_;
    const uint64_t end = file.size();
    if (zip64) {
      AppendInteger<uint32_t>(&file, 0x06064b50);
      AppendInteger<uint64_t>(&file, 44);
      file += std::string(12, '\0');
      AppendInteger<uint64_t>(&file, entries_);
      AppendInteger<uint64_t>(&file, entries_);
      AppendInteger<uint64_t>(&file, directory_.size());
      AppendInteger<uint64_t>(&file, file_.size());
      AppendInteger<uint32_t>(&file, 0x07064b50);
      AppendInteger<uint32_t>(&file, 0);
      AppendInteger<uint64_t>(&file, end);
      AppendInteger<uint32_t>(&file, 1);
    }
    AppendInteger<uint32_t>(&file, 0x06054b50);
    AppendInteger<uint32_t>(&file, 0);
    AppendInteger<uint16_t>(&file, zip64 ? 0xFFFF : entries_);
    AppendInteger<uint16_t>(&file, zip64 ? 0xFFFF : entries_);
    AppendInteger<uint32_t>(&file, zip64 ? UINT32_MAX : directory_.size());
    AppendInteger<uint32_t>(&file, zip64 ? UINT32_MAX : file_.size());
    AppendInteger<uint16_t>(&file, comment.size());
    return file.append(comment);
  }

 private:
  std::string file_;
  std::string directory_;
  uint64_t entries_ = 0;
};

}  // namespace ingot

#endif  // INGOT_TESTS_FORMATS_ZIP_WRITER_H_
