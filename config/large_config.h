// A large configuration for benchmarks: 1,400 lines, one macro of 1,000 domains, 300 virtual MTAs.
//
// 100 of the virtual MTAs have a <domain *> and 20 a <domain $big>, which the top level has too; 8
// more <domain> sections stand beside it. So there are 300,000 queues with about 100 policies.
//
// Determinism: pure
#pragma once

#include <string>
#include <vector>

#include "config/load.h"

namespace convoy::config {

std::string LargeConfigText();
LoadResult LoadLargeConfig();
std::vector<std::string> LargeConfigDomains();
std::vector<std::string> LargeConfigVmtas();

// Names one after the other, so that neighbours are far from each other in any table: `turn` is any
// counter.
inline size_t FarIndex(size_t turn, size_t size) { return turn * 7919 % size; }

}  // namespace convoy::config
