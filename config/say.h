// What is said about a configuration: sentences with places for values.
//
//     Error(where, Say<"no {} is named '{}'">(what, name), Say<"did you mean '{}'?">(nearest));
//
// A diagnostic takes nothing but a Said, so every sentence that a user may read is written this
// way; writing one puts it on the list of AllSentences(), before main. messages_test walks the list
// and asks for a golden in which each one is shown as a user sees it.
//
// Errors:    a number of values that differs from the number of {} does not compile
// Thread:    immutable once main runs
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "base/text.h"

namespace convoy::config {

// A string literal as an argument of a template.
template <size_t kSize>
struct Sentence {
  char text[kSize];
  consteval Sentence(const char (&literal)[kSize]) { std::copy_n(literal, kSize, text); }
  constexpr std::string_view view() const { return {text, kSize - 1}; }
  // How many {} it has.
  constexpr size_t places() const {
    size_t places = 0;
    for (size_t i = 0; i + 2 < kSize; ++i) places += text[i] == '{' && text[i + 1] == '}' ? 1 : 0;
    return places;
  }
};

// A sentence with its values in their places; "" if nothing is said.
class Said {
 public:
  Said() = default;
  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }

 private:
  template <Sentence kSentence, typename... Values>
  friend Said Say(const Values&... values);
  std::string text_;
};

namespace say_internal {

// One on the list of all sentences.
class Listed {
 public:
  explicit Listed(std::string_view sentence);
};
template <Sentence kSentence>
inline const Listed listed(kSentence.view());

inline const std::string& Text(const Said& said) { return said.text(); }
inline std::string Text(const absl::Status& status) { return std::string(status.message()); }
template <typename Value>
std::string Text(const Value& value) {
  return Cat(value);
}

std::string Fill(const Listed& sentence, std::string_view text,
                 const std::vector<std::string>& values);

}  // namespace say_internal

// Values are what Cat takes, a Status for its message, and another Said.
template <Sentence kSentence, typename... Values>
Said Say(const Values&... values) {
  static_assert(kSentence.places() == sizeof...(values), "as many values as {}");
  Said said;
  said.text_ = say_internal::Fill(say_internal::listed<kSentence>, kSentence.view(),
                                  {say_internal::Text(values)...});
  return said;
}

// Why a value cannot be taken; what a Diagnostic then shows behind its name.
inline absl::Status Invalid(const Said& why) { return absl::InvalidArgumentError(why.text()); }
inline absl::Status NotFound(const Said& why) { return absl::NotFoundError(why.text()); }
inline absl::Status DataLoss(const Said& why) { return absl::DataLossError(why.text()); }

// Every sentence of the program, each once, in byte order.
std::vector<std::string_view> AllSentences();

}  // namespace convoy::config
