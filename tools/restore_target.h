// RestoreTarget: where the files of a container go when it is decompressed:
// stdout, a file, or a folder.
//
//   target.Expect(files);            // where they are known beforehand
//   for (each file) {
//     Sink* sink = *target.Begin(info);
//     sink->Write(...);
//     target.End();
//   }
//   target.Finish();
//
// A named output is a folder where it exists as one or the container does not
// hold exactly one file, and a file otherwise. A stream does not tell how many
// files come: its first one waits under a temporary name until the stream ends
// well, and then gets the output's own; or until a second one follows, and then
// moves into the folder of that name.
//
// Each file appears whole or not at all, with the permissions and the time
// that the container has for it. Destroying the target abandons the file at
// hand and leaves those that are complete.

#ifndef INGOT_TOOLS_RESTORE_TARGET_H_
#define INGOT_TOOLS_RESTORE_TARGET_H_

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "codec/manifest.h"
#include "codec/result.h"
#include "codec/sink.h"
#include "tools/output_folder.h"

namespace ingot {

class RestoreTarget {
 public:
  // An empty `output` is stdout. `name` is how messages call the container.
  RestoreTarget(std::string name, std::string output, bool overwrite);

  // Refuses what cannot be written before anything is.
  Status Expect(std::span<const Manifest> files);

  // The Sink stays the target's.
  Result<Sink*> Begin(const FileInfo& info);
  Status End();
  Status Finish();

 private:
  enum class Kind { kStdout, kFile, kFolder };

  std::string PathOfCurrent() const;
  Error ManyForStdout() const;
  Status CommitCurrent();
  Status MoveFirstIntoFolder();

  const std::string name_;
  const std::string output_;
  const bool overwrite_;
  const OutputFolder folder_;
  Kind kind_ = Kind::kStdout;
  std::set<std::string> names_;  // of the files begun
  FileInfo current_;
  std::unique_ptr<Sink> sink_;
};

}  // namespace ingot

#endif  // INGOT_TOOLS_RESTORE_TARGET_H_
