#include "bench/source_plan.h"

#include "base/check.h"
#include "base/rng.h"
#include "base/text.h"

namespace convoy::bench {
namespace {

constexpr int kLineChars = 76;
constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void AppendBody(int64_t bytes, uint64_t seed, std::string* out) {
  Rng rng(seed);
  int column = 0;
  uint64_t bits = 0;
  for (int64_t i = 0; i < bytes; ++i) {
    if (column == kLineChars) {
      out->append("\r\n");
      column = 0;
    }
    if (i % 10 == 0) bits = rng.Next();
    out->push_back(kAlphabet[bits & 63]);
    bits >>= 6;
    ++column;
  }
  out->append("\r\n");
}

}  // namespace

PlannedMessage PlanMessage(const SourcePlan& plan, uint64_t number) {
  CHECK(!plan.domains.empty());
  PlannedMessage message;
  message.id = Cat(plan.run, '-', number);
  const uint64_t user =
      plan.recipients_per_domain == 0 ? number : number % plan.recipients_per_domain;
  message.rcpt = Cat('u', user, '@', plan.domains[number % plan.domains.size()]);
  if (!plan.vmtas.empty()) {
    message.vmta = plan.vmtas[number / plan.domains.size() % plan.vmtas.size()];
  }
  std::string& content = message.content;
  content.reserve(static_cast<size_t>(plan.body_bytes) + 512);
  CatTo(&content, "From: News <", plan.from, ">\r\nTo: <", message.rcpt, ">\r\nSubject: News ",
        number, "\r\nDate: Mon, 02 Nov 2026 08:00:00 +0000\r\nMessage-ID: <", message.id,
        "@example.com>\r\nX-Convoy-Id: ", message.id, "\r\nMIME-Version: 1.0\r\n",
        "Content-Type: text/plain; charset=us-ascii\r\n\r\n");
  AppendBody(plan.body_bytes, number, &content);
  return message;
}

}  // namespace convoy::bench
