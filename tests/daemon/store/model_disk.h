// ModelDisk: what tests of random operations against a model have in common:
// a store on storage that fails, restarts, losses of power, and an index that
// is kept, older than the journal, or missing. A run follows from its seed.

#ifndef INGOT_TESTS_DAEMON_STORE_MODEL_DISK_H_
#define INGOT_TESTS_DAEMON_STORE_MODEL_DISK_H_

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "codec/result.h"
#include "daemon/store/store.h"
#include "tests/daemon/store/faulty_storage.h"
#include "tests/daemon/store/temporary_folder.h"

namespace ingot::store {

class ModelDisk {
 public:
  explicit ModelDisk(uint64_t seed);
  virtual ~ModelDisk() = default;

  // Opens the store for the first time.
  void Begin();
  // One of the below, or Operate.
  void Step();
  // Opens the store once more; something must have succeeded.
  void End();

 protected:
  // An operation on the store and on the model.
  virtual void Operate(uint64_t percent) = 0;
  // Compares the store, which was just opened, with the model.
  virtual void Opened() = 0;
  // Gives up what is running; the store is about to be closed.
  virtual void Closing() {}

  uint64_t Random(uint64_t end) { return random_() % end; }
  Store& store() { return *store_; }
  const FaultyStorage& storage() const { return *storage_; }
  // To be called when an operation has made a record true.
  void Succeeded() { ++successes_; }
  // A test failure unless storage may have failed like that.
  static void ExpectFault(const Error& error);

 private:
  StoreOptions Options() const;
  void Restart();
  void LosePower();
  void AgeIndex();
  void Start();

  std::mt19937_64 random_;
  const TemporaryFolder temporary_;
  const std::string index_ = temporary_ / "index";
  const std::string older_index_ = temporary_ / "older";
  std::unique_ptr<FaultyStorage> storage_;
  std::unique_ptr<Store> store_;
  uint64_t successes_ = 0;
};

// Runs `Model` for each seed in [first, end), 300 steps each.
template <typename Model>
void RunModels(uint64_t first, uint64_t end) {
  for (uint64_t seed = first; seed < end && !testing::Test::HasFailure();
       ++seed) {
    SCOPED_TRACE(seed);
    Model model(seed);
    model.Begin();
    for (int step = 0; step < 300 && !testing::Test::HasFailure(); ++step) {
      model.Step();
    }
    model.End();
  }
}

}  // namespace ingot::store

#endif  // INGOT_TESTS_DAEMON_STORE_MODEL_DISK_H_
