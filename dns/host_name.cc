#include "dns/host_name.h"

#include "base/text.h"

namespace convoy::dns {
namespace {

constexpr size_t kNameBytesMax = 253;
constexpr size_t kLabelBytesMax = 63;

}  // namespace

bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  for (const std::string_view label : Split(name, '.')) {
    if (label.empty() || label.size() > kLabelBytesMax) return false;
    for (const char c : label) {
      if (!IsAlnum(c) && c != '-' && c != '_') return false;
    }
  }
  return true;
}

}  // namespace convoy::dns
