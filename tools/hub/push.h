// Push: files become a commit of a repository.
//
// Asks the server how it wants each file and what it has at its path already,
// reads those files once to know their digests, sends the large ones that the
// repository lacks, several at once, from disk as they are or as containers
// (container_push.h), and makes one commit on top of the one that was the
// branch's head at the beginning. A commit that somebody else makes meanwhile
// is no error of the tool: the report says so, and nothing has changed. What
// was sent stays with the server, so that pushing again sends it no second
// time. A file that changes meanwhile is an error.
//
// Thread-safety: a function without state; starts threads of its own.

#ifndef INGOT_TOOLS_HUB_PUSH_H_
#define INGOT_TOOLS_HUB_PUSH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "codec/result.h"
#include "tools/hub/content_id.h"
#include "tools/hub/http_client.h"
#include "tools/hub/repository_id.h"
#include "tools/input_tree.h"

namespace ingot {

struct PushOptions {
  RepositoryId repository;
  std::string revision = "main";   // a branch
  std::string message;             // empty: says how many files
  bool is_private = true;          // where the repository is made
  bool dry_run = false;            // send and change nothing
  bool native = true;              // containers, where they are shorter
  std::vector<std::string> bases;  // models that the server has
  int jobs = 4;                    // files at once
  bool quiet = false;
};

struct PushedFile {
  enum class State {
    kUnchanged,  // the branch had it at that path
    kThere,      // the repository had its bytes; it is in the commit
    kSent,       // (of a dry run: would be)
  };
  std::string name;
  uint64_t size = 0;
  bool large = true;
  ContentId id;  // of a dry run of a repository to come: none
  State state = State::kSent;
  std::optional<uint64_t> container_bytes = {};  // it went as one of so many
};

struct PushReport {
  bool created = false;   // the repository
  bool conflict = false;  // somebody else was first: there is no commit
  std::string parent;     // the branch's head at the beginning
  std::string commit;     // the new one, or the head where nothing changed
  std::vector<PushedFile> files;
  std::vector<std::string> notes;  // what a person may want to know
};

// `http` without `cancelled`, and with `traffic`.
Result<PushReport> Push(const PushOptions& options, const HttpOptions& http,
                        const InputTree& input);

}  // namespace ingot

#endif  // INGOT_TOOLS_HUB_PUSH_H_
