// Git's objects: written as git writes them, whose own program is the oracle.

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "daemon/store/git_commit.h"
#include "daemon/store/git_tree.h"
#include "daemon/store/history.h"
#include "daemon/store/lfs_pointer.h"
#include "daemon/store/memory_storage.h"
#include "daemon/store/store.h"
#include "daemon/store/tree_editor.h"
#include "tests/daemon/store/repository_samples.h"
#include "tests/daemon/store/store_samples.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {
namespace {

// What a program prints.
std::string Output(const std::string& command) {
  std::string output;
  FILE* const pipe = popen(command.c_str(), "r");
  char piece[4096];
  for (size_t size = 1; size > 0;) {
    size = std::fread(piece, 1, sizeof(piece), pipe);
    output.append(piece, size);
  }
  EXPECT_EQ(pclose(pipe), 0) << command;
  return output;
}

constexpr const char* kTypes[] = {"", "commit", "tree", "blob"};

class GitTest : public testing::Test {
 protected:
  GitTest() {
    const auto created =
        repositories().Create({{RepositoryKind::kModel, "me", "model"}, true});
    EXPECT_TRUE(created.ok());
    number_ = *created;
  }
  Repositories& repositories() { return store_->repositories(); }
  History history() { return History(&repositories(), number_); }
  // Keeps objects, with a commit so that there may be a ref.
  void Keep(const std::vector<GitObject>& objects) {
    const Status kept = repositories().Commit(number_, objects, {});
    ASSERT_TRUE(kept.ok()) << kept.error().message;
    for (const GitObject& object : objects) all_.push_back(object);
  }
  // A tree of these files, whose texts are their contents.
  GitId Write(const std::optional<GitId>& root,
              const std::map<std::string, std::string>& files) {
    const History reader = history();
    TreeEditor editor(&reader, root);
    std::vector<GitObject> objects;
    for (const auto& [path, text] : files) {
      objects.push_back(GitText(GitType::kBlob, text));
      const Status put = editor.Put(path, kFileMode, IdOf(objects.back()));
      EXPECT_TRUE(put.ok()) << put.error().message;
    }
    const auto id = editor.Finish(&objects);
    EXPECT_TRUE(id.ok());
    Keep(objects);
    return *id;
  }
  GitId CommitTree(const GitId& tree, const std::vector<GitId>& parents,
                   const std::string& message) {
    const GitObject commit = FormatCommit({.tree = tree,
                                           .parents = parents,
                                           .author = "me",
                                           .email = "me@localhost",
                                           .seconds = 1234567890,
                                           .message = message});
    Keep({commit});
    return IdOf(commit);
  }
  std::vector<std::string> List(const GitId& tree,
                                const History::WalkOptions& options) {
    std::vector<std::string> paths;
    const Status walked = history().Walk(
        tree, options,
        [&](const std::string& path, const TreeEntry& entry) -> Result<bool> {
          paths.push_back(entry.is_tree() ? path + "/" : path);
          return true;
        });
    EXPECT_TRUE(walked.ok()) << walked.error().message;
    return paths;
  }

  std::unique_ptr<Storage> storage_ = MakeMemoryStorage();
  std::unique_ptr<Store> store_ = OpenStore(storage_.get());
  uint64_t number_ = 0;
  std::vector<GitObject> all_;
};

TEST_F(GitTest, GitReadsWhatIsWritten) {
  const TemporaryFolder folder;
  const std::string git = "git -C " + (folder / ".") + " ";
  Output(git + "init -q -b main .");
  const GitId first = Write(std::nullopt, {{"a.txt", "a"},
                                           {"a/b/c.txt", "c"},
                                           {"a-b", "x"},
                                           {"a0", ""},
                                           {"\xC3\xA4/x", "y"}});
  const GitId root = CommitTree(first, {}, "one\n");
  const GitId second = Write(first, {{"a/b/d.txt", "d"}, {"a.txt", "a2"}});
  const GitId head = CommitTree(second, {root}, "two\n\nand more\n");
  for (const GitObject& object : all_) {
    const std::string file = folder / "object";
    std::ofstream(file, std::ios::binary) << AsText(object.bytes);
    EXPECT_EQ(Output(git + "hash-object -w -t " +
                     kTypes[static_cast<int>(object.type)] + " object"),
              ToHex(IdOf(object)) + "\n");
  }
  Output(git + "update-ref refs/heads/main " + ToHex(head));
  EXPECT_EQ(Output(git + "fsck --strict --full 2>&1"), "");
  EXPECT_EQ(Output(git + "log --format=%H:%an:%at:%s:%b main"),
            ToHex(head) + ":me:1234567890:two:and more\n\n" + ToHex(root) +
                ":me:1234567890:one:\n");
  // The same from git's own plumbing.
  const std::string listed =
      Output(git + "ls-tree " + ToHex(head) + " | " + git + "mktree");
  EXPECT_EQ(listed, ToHex(second) + "\n");
  const std::string environment =
      "GIT_AUTHOR_NAME=me GIT_AUTHOR_EMAIL=me@localhost "
      "GIT_AUTHOR_DATE='1234567890 +0000' GIT_COMMITTER_NAME=me "
      "GIT_COMMITTER_EMAIL=me@localhost "
      "GIT_COMMITTER_DATE='1234567890 +0000' ";
  EXPECT_EQ(Output("printf 'two\\n\\nand more\\n' | " + environment + git +
                   "commit-tree -p " + ToHex(root) + " " + ToHex(second)),
            ToHex(head) + "\n");
  std::string paths;
  for (const std::string& path : List(second, {.recursive = true})) {
    if (!path.ends_with('/')) paths += path + "\n";
  }
  EXPECT_EQ(Output(git + "-c core.quotePath=off ls-tree -r --name-only main"),
            paths);
}

TEST_F(GitTest, WalksGoOnAnywhere) {
  const GitId tree = Write(std::nullopt, {{"a.txt", "1"},
                                          {"a/b/c", "2"},
                                          {"a/b/d", "3"},
                                          {"a/e", "4"},
                                          {"a0", "5"}});
  const std::vector<std::string> all = {"a.txt", "a/",  "a/b/", "a/b/c",
                                        "a/b/d", "a/e", "a0"};
  EXPECT_EQ(List(tree, {.recursive = true}), all);
  for (size_t i = 0; i < all.size(); ++i) {
    const std::vector<std::string> rest(all.begin() + i + 1, all.end());
    EXPECT_EQ(List(tree, {.recursive = true, .after = all[i]}), rest) << i;
  }
  EXPECT_EQ(List(tree, {}), (std::vector<std::string>{"a.txt", "a/", "a0"}));
  EXPECT_EQ(List(tree, {.after = "a/"}), (std::vector<std::string>{"a0"}));
  // One that is gone meanwhile.
  EXPECT_EQ(List(tree, {.recursive = true, .after = "a/c"}),
            (std::vector<std::string>{"a/e", "a0"}));
  const auto folder = history().FindPath(tree, "a");
  ASSERT_TRUE(folder.ok() && *folder);
  EXPECT_EQ(List((*folder)->id, {.folder = "a", .after = "a/b/"}),
            (std::vector<std::string>{"a/e"}));
  for (const char* const path : {"b", "a/x", "a.txt/x", "a/b/c/d"}) {
    const auto found = history().FindPath(tree, path);
    EXPECT_TRUE(found.ok() && !*found) << path;
  }
}

// Random edits agree with a map of paths.
TEST_F(GitTest, EditsAgreeWithAModel) {
  std::mt19937_64 random(7);
  std::map<std::string, std::string> model;
  std::optional<GitId> root;
  for (int round = 0; round < 60; ++round) {
    const History reader = history();
    TreeEditor editor(&reader, root);
    std::vector<GitObject> objects;
    for (int i = 0; i < 8; ++i) {
      std::string path;
      for (uint64_t depth = random() % 3; depth > 0; --depth) {
        path += std::string(1, static_cast<char>('a' + random() % 3)) + "/";
      }
      path += static_cast<char>('a' + random() % 4);
      const auto below = model.lower_bound(path + "/");
      const bool is_folder =
          below != model.end() && below->first.starts_with(path + "/");
      bool in_file = false;
      for (size_t at = path.find('/'); at != std::string::npos;
           at = path.find('/', at + 1)) {
        in_file = in_file || model.contains(path.substr(0, at));
      }
      const uint64_t choice = random() % 4;
      if (choice == 0) {
        EXPECT_EQ(editor.RemoveFile(path).ok(), model.erase(path) == 1) << path;
      } else if (choice == 1) {
        EXPECT_EQ(editor.RemoveFolder(path).ok(), is_folder) << path;
        std::erase_if(model, [&](const auto& one) {
          return one.first.starts_with(path + "/");
        });
      } else {
        objects.push_back(
            GitText(GitType::kBlob, std::to_string(random() % 5)));
        const bool put = editor.Put(path, kFileMode, IdOf(objects.back())).ok();
        EXPECT_EQ(put, !is_folder && !in_file) << path;
        if (put) model[path] = AsText(objects.back().bytes);
      }
    }
    const auto finished = editor.Finish(&objects);
    ASSERT_TRUE(finished.ok());
    root = *finished;
    Keep(objects);
    std::map<std::string, std::string> files;
    const Status walked = history().Walk(
        *root, {.recursive = true},
        [&](const std::string& path, const TreeEntry& entry) -> Result<bool> {
          if (entry.is_tree()) return true;
          INGOT_ASSIGN(const GitObject blob,
                       history().Read(entry.id, GitType::kBlob));
          files[path] = AsText(blob.bytes);
          return true;
        });
    ASSERT_TRUE(walked.ok()) << walked.error().message;
    ASSERT_EQ(files, model) << round;
  }
}

TEST_F(GitTest, FindsLastChanges) {
  const GitId tree1 = Write(std::nullopt, {{"a", "1"}, {"d/b", "1"}});
  const GitId one = CommitTree(tree1, {}, "1\n");
  const GitId tree2 = Write(tree1, {{"d/b", "2"}});
  const GitId two = CommitTree(tree2, {one}, "2\n");
  const GitId three = CommitTree(tree2, {two}, "3\n");
  const std::vector<std::string> paths = {"a", "d", "d/b", "missing"};
  const auto changes = history().LastChanges(three, paths, 100);
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(*changes, (std::map<std::string, GitId>{
                          {"a", one}, {"d", two}, {"d/b", two}}));
  const auto few = history().LastChanges(three, paths, 2);
  ASSERT_TRUE(few.ok());
  EXPECT_EQ(few->at("a"), two) << "the last that was looked at";
}

TEST_F(GitTest, ResolvesRevisions) {
  const GitId commit = CommitTree(Write(std::nullopt, {}), {}, "1\n");
  const std::vector<RefChange> refs = {{"refs/heads/main", {}, commit},
                                       {"refs/tags/v1", {}, commit},
                                       {"refs/pr/1", {}, commit}};
  ASSERT_TRUE(repositories().Commit(number_, {}, refs).ok());
  for (const std::string& revision :
       {std::string("HEAD"), std::string("main"), std::string("v1"),
        std::string("refs/heads/main"), std::string("refs/pr/1"),
        ToHex(commit)}) {
    EXPECT_EQ(*history().Resolve(revision), commit) << revision;
  }
  for (const std::string& revision :
       {std::string(), std::string("pr/1"), std::string("x"),
        ToHex(commit).substr(1),
        ToHex(all_.front().type == GitType::kTree ? IdOf(all_.front())
                                                  : GitId())}) {
    EXPECT_EQ(*history().Resolve(revision), std::nullopt) << revision;
  }
}

TEST(SplitPathTest, RefusesWhatSomeClientCannotWrite) {
  for (const char* const path : {"a", "a/b.txt", ".gitattributes", "..a", "a b",
                                 "\xC3\xA4", "git/x", ".github/x"}) {
    EXPECT_TRUE(SplitPath(path).ok()) << path;
  }
  for (const std::string& path :
       {std::string(), std::string("/"), std::string("/a"), std::string("a/"),
        std::string("a//b"), std::string("."), std::string("a/.."),
        std::string("../a"), std::string("a\\b"), std::string("a\nb"),
        std::string("a\0b", 3), std::string(".git/config"),
        std::string("x/.GiT"), std::string(1025, 'a'), [] {
          std::string deep = "a";
          for (int i = 0; i < 64; ++i) deep += "/a";
          return deep;
        }()}) {
    EXPECT_EQ(SplitPath(path).error().kind, ErrorKind::kInvalidArgument)
        << path;
  }
}

TEST(GitTextTest, TruncatedAndFlippedObjectsDoNoHarm) {
  const GitObject commit = FormatCommit({.tree = {},
                                         .parents = {GitId{}},
                                         .author = "a <b>\n",
                                         .email = "c",
                                         .seconds = 5,
                                         .message = "m\n"});
  const TreeEntry entries[] = {{.name = "a", .id = {}},
                               {.mode = kTreeMode, .name = "b", .id = {}}};
  const GitObject tree = FormatTree(entries);
  EXPECT_EQ(*ParseTree(tree.bytes),
            std::vector<TreeEntry>(std::begin(entries), std::end(entries)));
  EXPECT_EQ(ParseCommit(commit.bytes)->author, "a b");
  const auto parse = [](ByteSpan bytes, bool is_tree) {
    return is_tree ? ParseTree(bytes).ok() : ParseCommit(bytes).ok();
  };
  for (const GitObject& object : {commit, tree}) {
    const bool is_tree = object.type == GitType::kTree;
    for (size_t size = 1; size < object.bytes.size(); ++size) {
      const bool ok = parse(ByteSpan(object.bytes).first(size), is_tree);
      // Of a commit the message may be short, of a tree the last entry missing.
      EXPECT_TRUE(!ok ||
                  (is_tree ? size == 29 : size + 2 >= object.bytes.size()))
          << size;
    }
    for (size_t bit = 0; bit < object.bytes.size() * 8; ++bit) {
      GitObject flipped = object;
      flipped.bytes[bit / 8] ^= std::byte{1} << bit % 8;
      (void)parse(flipped.bytes, is_tree);
    }
  }
  const TreeEntry swapped[] = {entries[1], entries[0]};
  EXPECT_FALSE(ParseTree(FormatTree(swapped).bytes).ok());
}

TEST(LfsPointerTest, HasOneForm) {
  const LfsPointer pointer = {.file = HashBytes(AsBytes("x")), .length = 1};
  const GitObject blob = FormatPointer(pointer);
  EXPECT_EQ(AsText(blob.bytes),
            "version https://git-lfs.github.com/spec/v1\noid sha256:"
            "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881\n"
            "size 1\n");
  EXPECT_EQ(ParsePointer(blob.bytes), pointer);
  const std::string text(AsText(blob.bytes));
  for (const std::string& other :
       {text.substr(1), text + "\n", text.substr(0, text.size() - 1),
        text.substr(0, 10), std::string(),
        text.substr(0, text.size() - 2) + "01\n",
        text.substr(0, text.size() - 2) + "-1\n",
        text.substr(0, text.size() - 2) + "99999999999999999999\n"}) {
    EXPECT_EQ(ParsePointer(AsBytes(other)), std::nullopt) << other;
  }
}

}  // namespace
}  // namespace ingot::store
