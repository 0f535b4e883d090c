// A name server for tests: answers from a fixed table, on UDP at 127.0.0.1, on a port of its own.
//
// Thread:    answers on its own thread; the table is fixed before Start
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/ip_address.h"

namespace convoy::dns {

class TestDnsServer {
 public:
  TestDnsServer() = default;
  TestDnsServer(const TestDnsServer&) = delete;
  TestDnsServer& operator=(const TestDnsServer&) = delete;
  ~TestDnsServer();

  // `data` as on the wire.
  void Add(std::string_view name, uint16_t type, std::string data, uint32_t ttl_seconds = 300);
  void AddAddress(std::string_view name, const IpAddress& ip);
  void AddMx(std::string_view name, uint16_t preference, std::string_view host);
  void AddCname(std::string_view name, std::string_view target);
  void AddText(std::string_view name, std::string_view text);
  // Answers SERVFAIL, or nothing at all.
  void SetServFail(std::string_view name) { faults_[std::string(name)] = Fault::kServFail; }
  void SetSilent(std::string_view name) { faults_[std::string(name)] = Fault::kSilent; }

  void Start();
  Endpoint where() const { return where_; }
  // Questions for one name and type so far.
  int Count(const std::string& name, uint16_t type) const;

  // A name in wire form.
  static std::string WireName(std::string_view name);

 private:
  enum class Fault { kNone, kServFail, kSilent };
  struct Record {
    uint16_t type;
    uint32_t ttl_seconds;
    std::string data;
  };
  void Run();
  // Empty: no answer.
  std::string Answer(std::string_view query);

  std::map<std::string, std::vector<Record>> records_;
  std::map<std::string, Fault> faults_;
  Endpoint where_;
  int fd_ = -1;
  int stop_fd_ = -1;
  std::thread thread_;

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, uint16_t>, int> asked_;  // guarded by mutex_
};

}  // namespace convoy::dns
