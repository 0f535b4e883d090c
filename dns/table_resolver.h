// A resolver that answers from a table: for tests and the simulator.
//
//     TableResolver dns(loop);
//     dns.AddMx("example.com", 10, "mx1.example.com");
//     dns.AddAddress("mx1.example.com", ip);
//     dns.Fail("slow.example", DnsStatus::kTimeout);
//
// A name exists when it, or a name below it, has a record; else the answer is NXDOMAIN.
//
// Thread:    loop-affine
// Determinism: uses the loop's time
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time_types.h"
#include "dns/resolver.h"
#include "runtime/event_loop.h"

namespace convoy::dns {

class TableResolver final : public Resolver {
 public:
  explicit TableResolver(EventLoop& loop) : loop_(loop) {}
  void Resolve(std::string name, RecordType type, AnswerDone done) override;
  bool validates() const override { return validates_; }

  void AddMx(std::string_view domain, uint16_t preference, std::string_view host);
  // A or AAAA, by the address.
  void AddAddress(std::string_view name, const IpAddress& ip);
  void AddText(std::string_view name, std::string_view text);
  void AddCname(std::string_view name, std::string_view target);
  void AddTlsa(std::string_view name, std::string_view data);
  // Every question about the name, or one type of it, ends so.
  void Fail(std::string_view name, DnsStatus status);
  void Fail(std::string_view name, RecordType type, DnsStatus status);
  // Forgets the name and its failures.
  void Remove(std::string_view name);

  void set_latency(Duration latency) { latency_ = latency; }
  void set_ttl(Duration ttl) { ttl_ = ttl; }
  void set_secure(bool secure) { secure_ = secure; }
  void set_validates(bool validates) { validates_ = validates; }
  // This name is in a zone that is (not) signed, whatever the others are.
  void SetSecure(std::string_view name, bool secure);
  // How often anything was asked.
  int64_t questions() const { return questions_; }

 private:
  struct Node {
    std::vector<MxRecord> mx;
    std::vector<IpAddress> addresses;
    std::vector<std::string> texts;
    std::vector<std::string> tlsa;
    std::string cname;
  };
  DnsAnswer Answer(std::string name, RecordType type) const;
  bool Exists(const std::string& name) const;
  bool SecureAt(const std::string& name) const;

  EventLoop& loop_;
  Duration latency_{0};
  Duration ttl_ = Minutes(5);
  bool secure_ = false;
  bool validates_ = true;
  int64_t questions_ = 0;
  std::map<std::string, Node> nodes_;
  std::map<std::string, bool> secure_names_;
  std::map<std::string, DnsStatus> failures_;
  std::map<std::pair<std::string, RecordType>, DnsStatus> type_failures_;
};

}  // namespace convoy::dns
