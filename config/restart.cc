#include "config/restart.h"

#include <algorithm>
#include <iterator>

namespace convoy::config {

bool TakesEffectAtRestart(std::string_view name) {
  constexpr std::string_view kNames[] = {"acct-file", "grpc-listener", "name-server",
                                         "smtp-listener"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

}  // namespace convoy::config
