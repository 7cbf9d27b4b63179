#include "tools/hub/pull.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>

#include "codec/source.h"
#include "tools/hub/container_pull.h"
#include "tools/hub/crew.h"
#include "tools/hub/hub_client.h"
#include "tools/hub/hub_transfer.h"
#include "tools/hub/partial_file.h"
#include "tools/hub/pull_folder.h"
#include "tools/hub/repository_file_name.h"
#include "tools/output_folder.h"
#include "tools/progress.h"
#include "tools/text.h"

namespace ingot {
namespace {

// One request each; files that are longer are fetched in several at once.
constexpr uint64_t kChunkBytes = uint64_t{16} << 20;

// One content, and the files that are to have it.
struct PullTarget {
  ContentId id;
  std::vector<size_t> files;
  std::unique_ptr<PartialFile> partial = nullptr;
  // Where it comes as a container: that is fetched, and decoded into `partial`.
  std::optional<ContainerPlan> plan = {};
  std::unique_ptr<PartialFile> container = nullptr;
  size_t next_chunk = 0;  // those before are there, or somebody's task
  size_t unfinished = 0;  // tasks
  bool stale = false;     // the server has another entity tag than before
  bool resumed = false;
  std::optional<Error> refused = {};  // of the container

  PartialFile& Fetched() const { return container ? *container : *partial; }
};

uint64_t BytesLeft(const ContentId& id, const PartialFile& partial) {
  return id.size - partial.resumed_bytes();
}

// A chunk of a target; none: all of it is there, and waits to be compared.
struct PullTask {
  PullTarget* target;
  std::optional<size_t> chunk;
};

// Nobody writes chunks that were not handed out.
void SkipWhatIsThere(PullTarget* target) {
  const PartialFile& partial = target->Fetched();
  size_t& next = target->next_chunk;
  while (next < partial.chunks() && partial.IsThere(next)) ++next;
}

class PullRun {
 public:
  PullRun(const PullOptions& options, const HttpOptions& http)
      : options_(options),
        http_(http),
        hub_(http),
        output_(options.folder, /*overwrite=*/true) {
    http_.cancelled = &cancelled_;
  }

  Result<PullReport> Run();

 private:
  Status List();
  Status CheckPaths(const std::set<std::string>& found) const;
  // Which path of the command line a file lies at; nothing: at none.
  std::optional<std::string> AskedBy(const std::string& name) const;
  // Which files are there, and which are in the way.
  Status LookAtOutput();
  Status LookAtFile(size_t index);
  // Which targets had better come as containers.
  Status LookForContainers();
  Status LookForContainer(Transfer* transfer, PullTarget* target);
  Status CheckSpace();
  Status FetchAll();

  // What is to be done next; nothing: all is done, or somebody else's.
  Result<std::optional<PullTask>> NextTask();
  Status OpenTarget(PullTarget* target);
  Status RunTask(Transfer* transfer, const PullTask& task);
  Status FetchChunk(Transfer* transfer, PullTarget* target, size_t chunk);
  Status FinishTarget(PullTarget* target);
  Status FinishContainer(PullTarget* target);
  Status RestoreContainer(PullTarget* target);
  Status Place(PullTarget* target);
  Status MakeFoldersDurable() const;

  const PullOptions& options_;
  HttpOptions http_;
  HubClient hub_;
  const OutputFolder output_;
  std::atomic<bool> cancelled_ = false;
  PullReport report_;
  std::vector<char> replace_;  // for each file: something is there
  std::unique_ptr<PullFolder> kept_;
  std::unique_ptr<ContainerPull> containers_;
  std::atomic<uint64_t> done_ = 0;  // bytes

  std::mutex mutex_;  // guards what follows
  std::vector<PullTarget> targets_;
  size_t next_target_ = 0;
  std::vector<PullTarget*> active_;  // that have chunks to hand out
  std::mutex placing_;
};

std::optional<std::string> PullRun::AskedBy(const std::string& name) const {
  for (const std::string& path : options_.paths) {
    if (name == path || name.starts_with(path + "/")) return path;
  }
  return std::nullopt;
}

Status PullRun::CheckPaths(const std::set<std::string>& found) const {
  for (const std::string& path : options_.paths) {
    if (found.contains(path)) continue;
    return Error{ErrorKind::kNotFound,
                 options_.repository.Text() + "/" + path +
                     ": there is no such file or folder at " +
                     options_.revision};
  }
  return {};
}

Status PullRun::List() {
  INGOT_ASSIGN(report_.commit,
               hub_.GetCommit(options_.repository, options_.revision));
  std::set<std::string> found;
  std::vector<std::string> names;
  INGOT_TRY(hub_.VisitTree(
      options_.repository, report_.commit, {.folder = "", .recursive = true},
      [&](RemoteEntry entry) -> Status {
        if (entry.is_folder) return {};
        if (!options_.paths.empty()) {
          const std::optional<std::string> path = AskedBy(entry.path);
          if (!path) return {};
          found.insert(*path);
        }
        if (const std::string why = WhyNoFileName(entry.path); !why.empty()) {
          return Corruption(options_.repository.Text() + ": path \"" +
                            entry.path.substr(0, 1024) + "\": " + why);
        }
        names.push_back(entry.path);
        report_.files.push_back(
            {.name = std::move(entry.path), .id = std::move(entry.id)});
        return {};
      }));
  if (Status distinct = CheckDistinct(names); !distinct.ok()) {
    return WithContext(options_.repository.Text() + ": ",
                       std::move(distinct).error());
  }
  return CheckPaths(found);
}

Status PullRun::LookAtFile(size_t index) {
  PulledFile& file = report_.files[index];
  const std::string path = output_.PathOf(file.name);
  struct stat info;
  if (lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Status() : ErrnoError(path, errno);
  }
  replace_[index] = true;
  const Result<std::unique_ptr<Source>> source = OpenFileSource(path);
  if (source.ok() && (*source)->size() == file.id.size) {
    INGOT_ASSIGN(const ContentId id, IdentifyContent(**source, file.id.kind));
    file.was_there = id == file.id;
  }
  if (file.was_there || options_.replace) return {};
  return Error{ErrorKind::kConflict,
               path + ": exists already and differs (-f replaces it)"};
}

Status PullRun::LookAtOutput() {
  uint64_t bytes = 0;
  for (const PulledFile& file : report_.files) {
    INGOT_TRY(output_.Check(file.name));
    bytes += std::min(file.id.size, UINT64_MAX - bytes);
  }
  replace_.resize(report_.files.size());
  Progress progress("comparing", bytes, options_.quiet);
  std::atomic<size_t> next = 0;
  std::atomic<uint64_t> looked = 0;
  const auto work = [&]() -> Status {
    for (size_t i = next++; i < report_.files.size() && !cancelled_;
         i = next++) {
      INGOT_TRY(LookAtFile(i));
      looked += report_.files[i].id.size;
    }
    return {};
  };
  INGOT_TRY(
      RunCrew(options_.jobs, &cancelled_, work, [&] { progress.Set(looked); }));
  std::map<ContentId, PullTarget> targets;
  std::map<std::string, uint64_t> sizes;  // by digest
  for (size_t i = 0; i < report_.files.size(); ++i) {
    const PulledFile& file = report_.files[i];
    if (file.was_there) continue;
    const uint64_t size =
        sizes.emplace(file.id.hex, file.id.size).first->second;
    if (size != file.id.size) {
      return Corruption(file.name + ": the server says that " + file.id.hex +
                        " has two sizes");
    }
    PullTarget& target = targets[file.id];
    target.id = file.id;
    target.files.push_back(i);
  }
  for (auto& [id, target] : targets) targets_.push_back(std::move(target));
  // The largest first, so that none is left alone at the end.
  std::ranges::sort(targets_, [](const PullTarget& a, const PullTarget& b) {
    return a.id.size != b.id.size ? a.id.size > b.id.size
                                  : a.files.front() < b.files.front();
  });
  return {};
}

Status PullRun::LookForContainer(Transfer* transfer, PullTarget* target) {
  const std::string& name = report_.files[target->files.front()].name;
  Result<std::optional<ContainerPlan>> plan =
      containers_->Look(transfer, report_.commit, name, target->id);
  if (plan.ok()) {
    target->plan = *std::move(plan);
    return {};
  }
  if (EndsAllTransfers(plan.error())) return std::move(plan).error();
  const std::lock_guard lock(mutex_);
  report_.notes.push_back(name + ": comes as it is: " + plan.error().message);
  return {};
}

Status PullRun::LookForContainers() {
  INGOT_ASSIGN(containers_, ContainerPull::Create(options_.bases));
  for (size_t i = 0; i < report_.files.size(); ++i) {
    const PulledFile& file = report_.files[i];
    if (!replace_[i] || file.id.size < kMinContainerFile) continue;
    const std::string path = output_.PathOf(file.name);
    if (!file.was_there) {
      containers_->AddReplaced(path);
    } else if (file.id.kind == ContentId::Kind::kSha256) {
      containers_->AddComplete(path, file.id.hex);
    }
  }
  std::atomic<size_t> next = 0;
  const auto work = [&]() -> Status {
    const std::unique_ptr<Transfer> transfer =
        MakeHubTransfer(http_, options_.repository);
    for (size_t i = next++; i < targets_.size() && !cancelled_; i = next++) {
      // The largest come first.
      if (targets_[i].id.size < kMinContainerFile) return {};
      INGOT_TRY(LookForContainer(transfer.get(), &targets_[i]));
    }
    return {};
  };
  return RunCrew(options_.jobs, &cancelled_, work, [] {});
}

// What is there of files that are not complete counts as free: it is theirs.
// Where the space is too little for containers and files there are none.
Status PullRun::CheckSpace() {
  uint64_t needed = 0;
  uint64_t containers = 0;
  for (const PullTarget& target : targets_) {
    for (size_t i = 0; i < target.files.size(); ++i) {
      needed += std::min(target.id.size, UINT64_MAX - needed);
    }
    // Less than the file, each.
    if (target.plan && containers <= needed) {
      containers += target.plan->offer.size;
    }
  }
  INGOT_ASSIGN(uint64_t free, kept_->FreeBytes());
  INGOT_ASSIGN(const uint64_t used, kept_->UsedBytes());
  free += used;
  if (needed <= free && containers > free - needed) {
    for (PullTarget& target : targets_) target.plan.reset();
  }
  if (needed <= free) return {};
  return Error{ErrorKind::kResourceExhausted,
               options_.folder + ": " + ApproximateBytes(needed) +
                   " are to come, and there is space for " +
                   ApproximateBytes(free)};
}

Status PullRun::OpenTarget(PullTarget* target) {
  INGOT_ASSIGN(target->partial,
               PartialFile::Open(kept_->path(), target->id, kChunkBytes));
  if (target->plan) {
    const ContentId& kept = target->plan->kept;
    INGOT_ASSIGN(target->container,
                 PartialFile::Open(kept_->path(), kept, kChunkBytes,
                                   /*hashed=*/false));
    // A pull before this one may have had more of the file itself.
    if (BytesLeft(target->id, *target->partial) <=
        BytesLeft(kept, *target->container)) {
      target->container.reset();
      target->plan.reset();
    }
  }
  const uint64_t resumed = target->Fetched().resumed_bytes();
  target->resumed = resumed > 0;
  report_.resumed_bytes += resumed;
  done_ += resumed;
  SkipWhatIsThere(target);
  return {};
}

Result<std::optional<PullTask>> PullRun::NextTask() {
  const std::lock_guard lock(mutex_);
  if (cancelled_) return std::optional<PullTask>();
  if (active_.empty()) {
    if (next_target_ == targets_.size()) return std::optional<PullTask>();
    PullTarget* const target = &targets_[next_target_++];
    INGOT_TRY(OpenTarget(target));
    if (target->next_chunk == target->Fetched().chunks()) {
      ++target->unfinished;
      return std::optional(PullTask{target, std::nullopt});
    }
    active_.push_back(target);
  }
  PullTarget* const target = active_.back();
  const size_t chunk = target->next_chunk++;
  ++target->unfinished;
  SkipWhatIsThere(target);
  if (target->next_chunk == target->Fetched().chunks()) active_.pop_back();
  return std::optional(PullTask{target, chunk});
}

Status PullRun::FetchChunk(Transfer* transfer, PullTarget* target,
                           size_t chunk) {
  PartialFile& partial = target->Fetched();
  const ContainerPlan* const plan = target->plan ? &*target->plan : nullptr;
  const FetchRequest request = {
      .commit = report_.commit,
      .path = report_.files[target->files.front()].name,
      .size = plan != nullptr ? plan->offer.size : target->id.size,
      .begin = partial.ChunkBegin(chunk),
      .end = partial.ChunkEnd(chunk),
      .etag = plan != nullptr ? plan->offer.etag : partial.etag(),
      .have = plan != nullptr ? plan->have.get() : nullptr};
  uint64_t at = request.begin;
  Result<std::string> etag = transfer->Fetch(
      request,
      [&] {
        done_ -= at - request.begin;
        at = request.begin;
        return Status();
      },
      [&](ByteSpan bytes) -> Status {
        INGOT_TRY(partial.Write(at, bytes));
        at += bytes.size();
        done_ += bytes.size();
        return {};
      });
  if (!etag.ok()) return std::move(etag).error();
  return partial.Complete(chunk, *etag);
}

Status PullRun::RunTask(Transfer* transfer, const PullTask& task) {
  PullTarget* const target = task.target;
  Status fetched;
  if (task.chunk) fetched = FetchChunk(transfer, target, *task.chunk);
  const bool refused =
      !fetched.ok() && target->container && !EndsAllTransfers(fetched.error());
  const bool stale = !fetched.ok() && !refused && target->resumed &&
                     fetched.error().kind == ErrorKind::kConflict;
  if (!fetched.ok() && !refused && !stale) return fetched;
  {
    const std::lock_guard lock(mutex_);
    if (refused) target->refused = std::move(fetched).error();
    if (stale) target->stale = true;
    if (refused || stale) {
      target->next_chunk = target->Fetched().chunks();
      std::erase(active_, target);
    }
    --target->unfinished;
    if (target->unfinished > 0 ||
        target->next_chunk < target->Fetched().chunks()) {
      return {};
    }
  }
  return FinishTarget(target);
}

Status PullRun::RestoreContainer(PullTarget* target) {
  PartialFile& partial = *target->partial;
  INGOT_TRY(partial.Restart());
  uint64_t at = 0;
  const auto write = [&](ByteSpan bytes) -> Status {
    if (cancelled_) return Error{ErrorKind::kCancelled, "cancelled"};
    if (bytes.size() > target->id.size - at) {
      return Corruption("it restores more bytes than the file has");
    }
    INGOT_TRY(partial.Write(at, bytes));
    at += bytes.size();
    return {};
  };
  INGOT_TRY(containers_->Restore(target->container->path(), target->id, write));
  if (at != target->id.size) {
    return Corruption("it restores fewer bytes than the file has");
  }
  for (size_t i = 0; i < partial.chunks(); ++i) {
    INGOT_TRY(partial.Complete(i, ""));
  }
  INGOT_ASSIGN(const bool good, partial.Verify());
  if (good) return {};
  return Corruption("it restores other bytes than the file has");
}

Status PullRun::FinishContainer(PullTarget* target) {
  const Status restored =
      target->refused ? Status(*target->refused) : RestoreContainer(target);
  if (!restored.ok() && EndsAllTransfers(restored.error())) return restored;
  target->container->Remove();
  if (restored.ok()) {
    report_.files[target->files.front()].container_bytes =
        target->plan->offer.size;
    return Place(target);
  }
  const std::lock_guard lock(mutex_);
  report_.notes.push_back(report_.files[target->files.front()].name +
                          ": its container is no good, it comes as it is: " +
                          restored.error().message);
  if (target->resumed) {
    report_.resumed_bytes -= target->container->resumed_bytes();
  }
  target->container.reset();
  target->plan.reset();
  target->refused.reset();
  target->resumed = false;
  target->next_chunk = 0;
  INGOT_TRY(target->partial->Restart());
  active_.push_back(target);
  return {};
}

// All tasks of the target are done, and nobody else's.
Status PullRun::FinishTarget(PullTarget* target) {
  if (target->container) return FinishContainer(target);
  bool good = false;
  if (!target->stale) {
    INGOT_ASSIGN(good, target->partial->Verify());
  }
  if (good) return Place(target);
  const std::string& name = report_.files[target->files.front()].name;
  if (!target->resumed) {
    target->partial->Remove();
    return Corruption(name +
                      ": the server sent other bytes than those of its "
                      "digest " +
                      target->id.hex);
  }
  const std::lock_guard lock(mutex_);
  report_.notes.push_back(
      name + ": what was there of it is damaged or old: fetched anew");
  report_.resumed_bytes -= target->partial->resumed_bytes();
  done_ -= target->partial->resumed_bytes();
  INGOT_TRY(target->partial->Restart());
  target->resumed = false;
  target->stale = false;
  target->next_chunk = 0;
  active_.push_back(target);
  return {};
}

Status PullRun::Place(PullTarget* target) {
  const std::lock_guard lock(placing_);
  for (size_t i = 0; i < target->files.size(); ++i) {
    const size_t file = target->files[i];
    const std::string& name = report_.files[file].name;
    // As before: meanwhile a link may have appeared.
    INGOT_TRY(output_.Check(name));
    INGOT_TRY(output_.MakeFoldersOf(name));
    const std::string path = output_.PathOf(name);
    const bool last = i + 1 == target->files.size();
    const bool replace = replace_[file] != 0;
    INGOT_TRY(last ? target->partial->MoveTo(path, replace)
                   : target->partial->CopyTo(path, replace));
  }
  // Their descriptors: there may be many files.
  target->partial.reset();
  target->container.reset();
  return {};
}

Status PullRun::MakeFoldersDurable() const {
  std::set<std::string> folders = {options_.folder};
  for (const PulledFile& file : report_.files) {
    if (file.was_there) continue;
    for (size_t slash = file.name.find('/'); slash != std::string::npos;
         slash = file.name.find('/', slash + 1)) {
      folders.insert(output_.PathOf(file.name.substr(0, slash)));
    }
  }
  for (const std::string& path : folders) {
    const OpenFile folder(
        open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // Some file systems know no fsync of folders.
    if (!folder.ok() || (fsync(folder.get()) != 0 && errno != EINVAL)) {
      return ErrnoError(path + ": fsync", errno);
    }
  }
  return {};
}

Status PullRun::FetchAll() {
  uint64_t bytes = 0;
  for (const PullTarget& target : targets_) {
    bytes += target.plan ? target.plan->offer.size : target.id.size;
  }
  Progress progress("fetching", bytes, options_.quiet);
  const auto work = [&]() -> Status {
    const std::unique_ptr<Transfer> transfer =
        MakeHubTransfer(http_, options_.repository);
    while (true) {
      INGOT_ASSIGN(const std::optional<PullTask> task, NextTask());
      if (!task) return {};
      INGOT_TRY(RunTask(transfer.get(), *task));
    }
  };
  return RunCrew(options_.jobs, &cancelled_, work,
                 [&] { progress.Set(std::min<uint64_t>(done_, bytes)); });
}

Result<PullReport> PullRun::Run() {
  INGOT_TRY(List());
  INGOT_TRY(output_.Make());
  INGOT_TRY(LookAtOutput());
  if (targets_.empty() && !PullFolder::Exists(options_.folder)) {
    return std::move(report_);
  }
  INGOT_ASSIGN(kept_, PullFolder::Open(options_.folder));
  if (!targets_.empty()) {
    if (options_.native) INGOT_TRY(LookForContainers());
    INGOT_TRY(CheckSpace());
    INGOT_TRY(FetchAll());
    INGOT_TRY(MakeFoldersDurable());
  }
  kept_->Remove();
  return std::move(report_);
}

}  // namespace

Result<PullReport> Pull(const PullOptions& options, const HttpOptions& http) {
  return PullRun(options, http).Run();
}

}  // namespace ingot
