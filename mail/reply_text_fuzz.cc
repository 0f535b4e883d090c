// Foreign bytes as the text of a reply: its enhanced status and its bounce category.
//
// How it works: 1. the status found has the class of the reply code, and its text starts with a
// code that parses to the same status; 2. every text has a category with a name; a positive one is
// `success`.

#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "mail/bounce_category.h"
#include "mail/status_text.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const int code : {250, 421, 550}) {
    const convoy::mail::EnhancedStatus status = convoy::mail::StatusOfReply(code, text);
    CHECK(status.klass == code / 100);
    CHECK(convoy::mail::ParseEnhancedStatus(convoy::mail::StatusText(status)) == status);
    const convoy::mail::BounceCategory category = convoy::mail::CategorizeBounce(status, text);
    const std::string_view name = convoy::mail::BounceCategoryName(category);
    CHECK(convoy::mail::ParseBounceCategory(name) == category);
    CHECK((code == 250) == (name == "success"));
  }
  return 0;
}
