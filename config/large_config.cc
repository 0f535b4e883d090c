#include "config/large_config.h"

#include "base/check.h"
#include "base/text.h"

namespace convoy::config {
namespace {

constexpr int kDomains = 1'000;
constexpr int kVmtas = 300;
constexpr int kOthers = 8;

std::string Domain(int i) { return Cat("domain-", i, ".example"); }
std::string Vmta(int i) { return Cat("vmta-", i); }

}  // namespace

std::string LargeConfigText() {
  std::string text = "domain-macro big";
  for (int i = 0; i < kDomains; ++i) CatTo(&text, i % 10 == 0 ? "\n    " : " ", Domain(i), ",");
  text.back() = '\n';
  for (int i = 0; i < kVmtas; ++i) {
    CatTo(&text, "<virtual-mta ", Vmta(i), ">\n  smtp-source-host 192.0.2.", i % 256, " v", i,
          ".example\n");
    if (i % 3 == 0) CatTo(&text, "  <domain *>\n    max-smtp-out 5\n  </domain>\n");
    if (i % 15 == 0) CatTo(&text, "  <domain $big>\n    max-msg-rate ", i, "/h\n  </domain>\n");
    text += "</virtual-mta>\n";
  }
  for (int i = 0; i < kOthers; ++i) {
    CatTo(&text, "<domain other-", i,
          ".example>\n  max-smtp-out 7\n  retry-after 10m,1h\n</domain>\n");
  }
  text += "<domain $big>\n  max-msg-rate 250/h\n  bounce-after 2d\n  dkim-sign yes\n</domain>\n";
  return text;
}

LoadResult LoadLargeConfig() {
  static const std::string text = LargeConfigText();
  FileAccess access;
  access.read = [](const std::string&) { return text; };
  access.glob = [](const std::string&) { return std::vector<std::string>(); };
  LoadResult result = LoadConfig("large.conf", access);
  CHECK(result.config != nullptr);
  return result;
}

std::vector<std::string> LargeConfigDomains() {
  std::vector<std::string> domains;
  for (int i = 0; i < kDomains; ++i) domains.push_back(Domain(i));
  return domains;
}

std::vector<std::string> LargeConfigVmtas() {
  std::vector<std::string> vmtas;
  for (int i = 0; i < kVmtas; ++i) vmtas.push_back(Vmta(i));
  return vmtas;
}

}  // namespace convoy::config
