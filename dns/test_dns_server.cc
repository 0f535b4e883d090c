#include "dns/test_dns_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/text.h"

namespace convoy::dns {
namespace {

constexpr size_t kHeaderBytes = 12;
constexpr uint16_t kCname = 5;
constexpr uint16_t kSoa = 6;
constexpr int kServFail = 2;
constexpr int kNxDomain = 3;

void Put16(std::string* out, unsigned value) {
  out->push_back(static_cast<char>(value >> 8));
  out->push_back(static_cast<char>(value));
}

void Put32(std::string* out, uint32_t value) {
  Put16(out, value >> 16);
  Put16(out, value & 0xffff);
}

unsigned Get16(std::string_view text, size_t at) {
  return static_cast<unsigned char>(text[at]) * 256u + static_cast<unsigned char>(text[at + 1]);
}

void PutRecord(std::string* out, std::string_view name, uint16_t type, uint32_t ttl_seconds,
               std::string_view data) {
  out->append(TestDnsServer::WireName(name));
  Put16(out, type);
  Put16(out, 1);
  Put32(out, ttl_seconds);
  Put16(out, static_cast<unsigned>(data.size()));
  out->append(data);
}

std::string Soa() {
  std::string data = Cat(TestDnsServer::WireName("ns.test-server.example"),
                         TestDnsServer::WireName("hostmaster.test-server.example"));
  for (const uint32_t value : {1u, 3600u, 600u, 86400u, 60u}) Put32(&data, value);
  return data;
}

}  // namespace

std::string TestDnsServer::WireName(std::string_view name) {
  std::string out;
  if (name != ".") {
    for (const std::string_view label : Split(name, '.')) {
      out.push_back(static_cast<char>(label.size()));
      out.append(label);
    }
  }
  out.push_back('\0');
  return out;
}

void TestDnsServer::Add(std::string_view name, uint16_t type, std::string data,
                        uint32_t ttl_seconds) {
  records_[std::string(name)].push_back(
      {.type = type, .ttl_seconds = ttl_seconds, .data = std::move(data)});
}

void TestDnsServer::AddAddress(std::string_view name, const IpAddress& ip) {
  Add(name, ip.is_v6() ? 28 : 1, std::string(ip.bytes()));
}

void TestDnsServer::AddMx(std::string_view name, uint16_t preference, std::string_view host) {
  std::string data;
  Put16(&data, preference);
  Add(name, 15, Cat(data, WireName(host)));
}

void TestDnsServer::AddCname(std::string_view name, std::string_view target) {
  Add(name, kCname, WireName(target));
}

void TestDnsServer::AddText(std::string_view name, std::string_view text) {
  std::string data;
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, 255);
    data.push_back(static_cast<char>(piece.size()));
    data.append(piece);
    text.remove_prefix(piece.size());
  }
  Add(name, 16, data);
}

void TestDnsServer::Start() {
  fd_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  stop_fd_ = eventfd(0, EFD_CLOEXEC);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  CHECK(bind(fd_, reinterpret_cast<sockaddr*>(&address), size) == 0);
  CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  where_ = {.ip = IpAddress::V4(127, 0, 0, 1), .port = ntohs(address.sin_port)};
  thread_ = std::thread([this] { Run(); });
}

TestDnsServer::~TestDnsServer() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  CHECK(write(stop_fd_, &one, sizeof one) == sizeof one);
  thread_.join();
  close(fd_);
  close(stop_fd_);
}

int TestDnsServer::Count(const std::string& name, uint16_t type) const {
  const std::lock_guard lock(mutex_);
  const auto found = asked_.find({name, type});
  return found == asked_.end() ? 0 : found->second;
}

void TestDnsServer::Run() {
  pollfd fds[2] = {{.fd = stop_fd_, .events = POLLIN, .revents = 0},
                   {.fd = fd_, .events = POLLIN, .revents = 0}};
  for (;;) {
    poll(fds, 2, -1);
    if (fds[0].revents != 0) return;
    char buffer[4096];
    sockaddr_in peer{};
    socklen_t size = sizeof peer;
    const ssize_t n =
        recvfrom(fd_, buffer, sizeof buffer, 0, reinterpret_cast<sockaddr*>(&peer), &size);
    if (n < static_cast<ssize_t>(kHeaderBytes)) continue;
    const std::string answer = Answer({buffer, static_cast<size_t>(n)});
    if (answer.empty()) continue;
    sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer), size);
  }
}

std::string TestDnsServer::Answer(std::string_view query) {
  std::string name;
  size_t at = kHeaderBytes;
  while (at < query.size() && query[at] != 0) {
    const size_t length = static_cast<unsigned char>(query[at]);
    CatTo(&name, name.empty() ? "" : ".", Lower(query.substr(at + 1, length)));
    at += length + 1;
  }
  if (at + 5 > query.size()) return "";
  const auto type = static_cast<uint16_t>(Get16(query, at + 1));
  {
    const std::lock_guard lock(mutex_);
    ++asked_[{name, type}];
  }
  const Fault fault = faults_.contains(name) ? faults_[name] : Fault::kNone;
  if (fault == Fault::kSilent) return "";

  std::string sections;
  unsigned answers = 0;
  int rcode = fault == Fault::kServFail ? kServFail : 0;
  for (int alias = 0; alias < 8 && rcode == 0; ++alias) {
    const auto found = records_.find(name);
    if (found == records_.end()) {
      rcode = kNxDomain;
      break;
    }
    std::string target;
    for (const Record& record : found->second) {
      if (record.type != type && record.type != kCname) continue;
      PutRecord(&sections, name, record.type, record.ttl_seconds, record.data);
      ++answers;
      // The target in text, from the wire form.
      for (size_t i = 0; record.type == kCname && record.data[i] != 0;) {
        const size_t length = static_cast<unsigned char>(record.data[i]);
        CatTo(&target, target.empty() ? "" : ".", record.data.substr(i + 1, length));
        i += length + 1;
      }
    }
    if (target.empty()) break;
    name = target;
  }
  const bool negative = answers == 0 && rcode != kServFail;
  if (negative) PutRecord(&sections, ".", kSoa, 60, Soa());

  std::string out(query.substr(0, 2));
  Put16(&out, 0x8580u | static_cast<unsigned>(rcode));  // response, authoritative, recursive
  for (const unsigned count : {1u, answers, negative ? 1u : 0u, 0u}) Put16(&out, count);
  out.append(query.substr(kHeaderBytes, at + 5 - kHeaderBytes));
  out.append(sections);
  return out;
}

}  // namespace convoy::dns
