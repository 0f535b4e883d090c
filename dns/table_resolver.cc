#include "dns/table_resolver.h"

#include "base/text.h"

namespace convoy::dns {
namespace {

constexpr int kAliasesMax = 8;

}  // namespace

void TableResolver::Resolve(std::string name, RecordType type, AnswerDone done) {
  ++questions_;
  loop_.CallAfter(latency_,
                  [done = std::move(done), answer = Answer(NormalName(name), type)]() mutable {
                    done(std::move(answer));
                  });
}

void TableResolver::AddMx(std::string_view domain, uint16_t preference, std::string_view host) {
  nodes_[NormalName(domain)].mx.push_back({.preference = preference, .host = NormalName(host)});
}

void TableResolver::AddAddress(std::string_view name, const IpAddress& ip) {
  nodes_[NormalName(name)].addresses.push_back(ip);
}

void TableResolver::AddText(std::string_view name, std::string_view text) {
  nodes_[NormalName(name)].texts.emplace_back(text);
}

void TableResolver::AddCname(std::string_view name, std::string_view target) {
  nodes_[NormalName(name)].cname = NormalName(target);
}

void TableResolver::AddTlsa(std::string_view name, std::string_view data) {
  nodes_[NormalName(name)].tlsa.emplace_back(data);
}

void TableResolver::SetSecure(std::string_view name, bool secure) {
  secure_names_[NormalName(name)] = secure;
}

bool TableResolver::SecureAt(const std::string& name) const {
  const auto found = secure_names_.find(name);
  return found == secure_names_.end() ? secure_ : found->second;
}

void TableResolver::Fail(std::string_view name, DnsStatus status) {
  failures_[NormalName(name)] = status;
}

void TableResolver::Fail(std::string_view name, RecordType type, DnsStatus status) {
  type_failures_[{NormalName(name), type}] = status;
}

void TableResolver::Remove(std::string_view name) {
  const std::string normal = NormalName(name);
  nodes_.erase(normal);
  failures_.erase(normal);
  std::erase_if(type_failures_, [&](const auto& entry) { return entry.first.first == normal; });
}

bool TableResolver::Exists(const std::string& name) const {
  if (nodes_.contains(name)) return true;
  for (const auto& [other, node] : nodes_) {
    if (other.ends_with(Cat(".", name))) return true;
  }
  return false;
}

DnsAnswer TableResolver::Answer(std::string name, RecordType type) const {
  DnsAnswer answer;
  answer.ttl = ttl_;
  answer.secure = true;
  for (int i = 0; i <= kAliasesMax; ++i) {
    const auto failed = failures_.find(name);
    const auto type_failed = type_failures_.find({name, type});
    if (failed != failures_.end() || type_failed != type_failures_.end()) {
      answer.status = failed != failures_.end() ? failed->second : type_failed->second;
      answer.secure = false;
      return answer;
    }
    answer.secure = answer.secure && SecureAt(name);
    const auto found = nodes_.find(name);
    if (found == nodes_.end()) {
      answer.status = Exists(name) ? DnsStatus::kNoData : DnsStatus::kNxDomain;
      return answer;
    }
    const Node& node = found->second;
    if (type == RecordType::kCname) {
      if (!node.cname.empty()) answer.texts = {node.cname};
      answer.status = node.cname.empty() ? DnsStatus::kNoData : DnsStatus::kOk;
      return answer;
    }
    if (!node.cname.empty()) {
      name = answer.canonical_name = node.cname;
      continue;
    }
    if (type == RecordType::kMx) answer.mx = node.mx;
    if (type == RecordType::kTxt) answer.texts = node.texts;
    if (type == RecordType::kTlsa) answer.texts = node.tlsa;
    for (const IpAddress& ip : node.addresses) {
      if (type == (ip.is_v6() ? RecordType::kAaaa : RecordType::kA)) answer.addresses.push_back(ip);
    }
    const bool empty = answer.mx.empty() && answer.texts.empty() && answer.addresses.empty();
    answer.status = empty ? DnsStatus::kNoData : DnsStatus::kOk;
    return answer;
  }
  answer.status = DnsStatus::kServFail;
  answer.detail = "too many aliases";
  return answer;
}

}  // namespace convoy::dns
