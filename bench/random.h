// Random: the random numbers behind benchmark data.
//
// The same seed gives the same numbers on every machine: everything is made of
// operations that IEEE 754 rounds in one way (the project is compiled with
// -ffp-contract=off), and of no function of libm that machines round apart.
//
// Thread-safety: one thread at a time.

#ifndef INGOT_BENCH_RANDOM_H_
#define INGOT_BENCH_RANDOM_H_

#include <cstdint>

namespace ingot {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  // In (0, 1), in steps of 2^-53 (SplitMix64).
  double Uniform();
  // Of mean 0 and variance 1 (the polar method).
  double Normal();
  // exp(spread * Normal()).
  double LogNormal(double spread);

 private:
  uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

}  // namespace ingot

#endif  // INGOT_BENCH_RANDOM_H_
