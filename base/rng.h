// The only source of chance: a small seeded generator (xoshiro256**), and one way to get a real
// seed.
//
// A simulation gives every part an Rng derived from the run's seed, so that the same seed gives the
// same run. Not for secrets: keys and tokens come from OpenSSL.
//
// Thread:    loop-affine
// Determinism: pure, given the seed
#pragma once

#include <cstdint>

namespace convoy {

class Rng {
 public:
  explicit Rng(uint64_t seed);

  uint64_t Next();
  // Uniform in [0, bound). `bound` must be positive.
  uint64_t Below(uint64_t bound);
  // Uniform in [0, 1).
  double Fraction();
  // True with probability p.
  bool Chance(double p) { return Fraction() < p; }
  // An independent generator; `salt` keeps siblings apart.
  Rng Fork(uint64_t salt) { return Rng(Next() ^ (salt * 0x9e3779b97f4a7c15ull)); }

 private:
  uint64_t state_[4];
};

// A seed from the kernel's entropy. The one call that makes a run unrepeatable: daemons only.
uint64_t EntropySeed();

}  // namespace convoy
