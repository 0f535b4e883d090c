#include "config/say.h"

#include <set>

namespace convoy::config {
namespace {

std::set<std::string_view>& List() {
  static auto* const list = new std::set<std::string_view>;
  return *list;
}

}  // namespace

namespace say_internal {

Listed::Listed(std::string_view sentence) { List().insert(sentence); }

std::string Fill(const Listed&, std::string_view text, const std::vector<std::string>& values) {
  std::string out;
  for (const std::string& value : values) {
    const size_t place = text.find("{}");
    CatTo(&out, text.substr(0, place), value);
    text.remove_prefix(place + 2);
  }
  return out.append(text);
}

}  // namespace say_internal

std::vector<std::string_view> AllSentences() { return {List().begin(), List().end()}; }

}  // namespace convoy::config
