#include "tools/restore_target.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "tools/standard_streams.h"

namespace ingot {
namespace {

bool IsFolder(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

std::string WithoutTrailingSlashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

}  // namespace

RestoreTarget::RestoreTarget(std::string name, std::string output,
                             bool overwrite)
    : name_(std::move(name)),
      output_(WithoutTrailingSlashes(output)),
      overwrite_(overwrite),
      folder_(output_, overwrite) {
  if (!output_.empty()) {
    // A name that ends in a slash asks for a folder.
    kind_ =
        output != output_ || IsFolder(output_) ? Kind::kFolder : Kind::kFile;
  }
}

Status RestoreTarget::Expect(std::span<const Manifest> files) {
  if (kind_ == Kind::kStdout) {
    if (files.size() != 1) return ManyForStdout();
    return {};
  }
  if (kind_ == Kind::kFile && files.size() != 1) kind_ = Kind::kFolder;
  if (kind_ == Kind::kFile) return {};
  std::vector<std::string> names;
  for (const Manifest& file : files) {
    INGOT_TRY(folder_.Check(file.info.path));
    names.push_back(file.info.path);
  }
  if (Status distinct = CheckDistinct(names); !distinct.ok()) {
    return WithContext(name_ + ": ", std::move(distinct).error());
  }
  return {};
}

Result<Sink*> RestoreTarget::Begin(const FileInfo& info) {
  if (!names_.empty()) {
    if (kind_ == Kind::kStdout) return ManyForStdout();
    if (kind_ == Kind::kFile) {
      INGOT_TRY(CommitCurrent());
      INGOT_TRY(MoveFirstIntoFolder());
    }
  }
  if (!names_.insert(info.path).second) {
    return Corruption(name_ + ": path \"" + info.path + "\" twice");
  }
  current_ = info;
  switch (kind_) {
    case Kind::kStdout:
      sink_ = MakeDescriptorSink(STDOUT_FILENO, std::string(kStdoutName));
      break;
    case Kind::kFile: {
      INGOT_ASSIGN(sink_,
                   CreateOutputFile(output_, SinkOptionsFor(info, overwrite_)));
      break;
    }
    case Kind::kFolder: {
      INGOT_TRY(folder_.Make());
      INGOT_TRY(folder_.Check(info.path));
      INGOT_ASSIGN(sink_, folder_.CreateFile(info));
      break;
    }
  }
  return sink_.get();
}

Status RestoreTarget::End() {
  // A lone file waits for Finish: what follows it may show that the container
  // is damaged.
  if (kind_ == Kind::kFile) return {};
  return CommitCurrent();
}

Status RestoreTarget::CommitCurrent() {
  INGOT_TRY(sink_->Commit());
  sink_.reset();
  if (kind_ == Kind::kStdout) return {};
  return RestoreMetadata(PathOfCurrent(), current_);
}

Status RestoreTarget::Finish() {
  if (sink_ != nullptr) return CommitCurrent();
  if (!names_.empty()) return {};
  if (kind_ == Kind::kStdout) return ManyForStdout();
  return folder_.Make();
}

std::string RestoreTarget::PathOfCurrent() const {
  return kind_ == Kind::kFile ? output_ : folder_.PathOf(current_.path);
}

Error RestoreTarget::ManyForStdout() const {
  return InvalidArgument(name_ +
                         ": does not hold exactly one file, as expected for "
                         "stdout (-o OUT makes a folder)");
}

Status RestoreTarget::MoveFirstIntoFolder() {
  kind_ = Kind::kFolder;
  if (!IsSafeRelativePath(current_.path)) {
    return Corruption(name_ + ": path \"" + current_.path +
                      "\" of its first file is no relative path");
  }
  std::string aside = output_ + ".ingot-XXXXXX";
  const int fd = mkostemp(aside.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoError(aside, errno);
  close(fd);
  if (rename(output_.c_str(), aside.c_str()) != 0) {
    const int saved = errno;
    unlink(aside.c_str());
    return ErrnoError(output_, saved);
  }
  INGOT_TRY(folder_.Make());
  INGOT_TRY(folder_.MakeFoldersOf(current_.path));
  const std::string target = folder_.PathOf(current_.path);
  if (rename(aside.c_str(), target.c_str()) != 0) {
    return ErrnoError(target, errno);
  }
  return {};
}

}  // namespace ingot
