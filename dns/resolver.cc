#include "dns/resolver.h"

#include "base/text.h"

namespace convoy::dns {

std::string_view ToString(RecordType type) {
  switch (type) {
    case RecordType::kA:
      return "A";
    case RecordType::kCname:
      return "CNAME";
    case RecordType::kMx:
      return "MX";
    case RecordType::kTxt:
      return "TXT";
    case RecordType::kAaaa:
      return "AAAA";
    case RecordType::kTlsa:
      return "TLSA";
  }
  return "?";
}

std::string_view ToString(DnsStatus status) {
  switch (status) {
    case DnsStatus::kOk:
      return "ok";
    case DnsStatus::kNoData:
      return "no such record";
    case DnsStatus::kNxDomain:
      return "no such name";
    case DnsStatus::kServFail:
      return "server failure";
    case DnsStatus::kTimeout:
      return "timeout";
    case DnsStatus::kBogus:
      return "DNSSEC validation failed";
  }
  return "?";
}

std::string NormalName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  return name.empty() ? "." : Lower(name);
}

}  // namespace convoy::dns
