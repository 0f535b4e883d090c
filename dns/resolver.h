// What a mail system asks of the DNS, as an interface: unbound behind it in the daemons, a table in
// the tests and the simulator.
//
// RFC:       1035 3.3.9 (MX), 2308 (NODATA and NXDOMAIN)
// Errors:    every outcome is a DnsStatus in the answer
// Thread:    loop-affine
#pragma once

#include <coroutine>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "base/ip_address.h"
#include "base/time_types.h"

namespace convoy::dns {

// Values as on the wire.
enum class RecordType : uint16_t {
  kA = 1,
  kCname = 5,
  kMx = 15,
  kTxt = 16,
  kAaaa = 28,
  kTlsa = 52
};
std::string_view ToString(RecordType type);

enum class DnsStatus {
  kOk,        // there are records
  kNoData,    // the name exists, but not this type
  kNxDomain,  // the name does not exist
  kServFail,  // no usable answer now
  kTimeout,   // no answer in time
  kBogus,     // DNSSEC says the answer is forged
};
std::string_view ToString(DnsStatus status);
// Whether asking again later may help.
constexpr bool IsTemporary(DnsStatus status) {
  return status == DnsStatus::kServFail || status == DnsStatus::kTimeout ||
         status == DnsStatus::kBogus;
}

struct MxRecord {
  uint16_t preference = 0;
  std::string host;  // normalised; "." for the root
  auto operator<=>(const MxRecord&) const = default;
};

struct DnsAnswer {
  DnsStatus status = DnsStatus::kServFail;
  // The one that belongs to the question's type, in the resolver's order.
  std::vector<IpAddress> addresses;
  std::vector<MxRecord> mx;
  // TXT: the strings of a record joined; CNAME: the name; TLSA: raw data.
  std::vector<std::string> texts;
  Duration ttl{0};
  bool secure = false;         // validated by DNSSEC
  std::string canonical_name;  // where CNAMEs led; empty: nowhere else
  std::string detail;          // for people, when it failed
};
using AnswerDone = absl::AnyInvocable<void(DnsAnswer)>;

// Lower case, without the final dot; "." for the root.
std::string NormalName(std::string_view name);

class Resolver {
 public:
  virtual ~Resolver() = default;
  // `done` runs in a later turn. CNAMEs are followed, unless they are asked for.
  virtual void Resolve(std::string name, RecordType type, AnswerDone done) = 0;
  // Whether an answer can be `secure`: it is checked here, against a trust anchor. What another
  // name server says of its own checks is never believed (RFC 7672 2.1.1).
  virtual bool validates() const { return false; }
};

// `const DnsAnswer answer = co_await Lookup(resolver, name, RecordType::kMx)`.
class [[nodiscard]] Lookup {
 public:
  Lookup(Resolver& resolver, std::string name, RecordType type)
      : resolver_(resolver), name_(std::move(name)), type_(type) {}
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> waiting) {
    resolver_.Resolve(std::move(name_), type_, [this, waiting](DnsAnswer answer) {
      answer_ = std::move(answer);
      waiting.resume();
    });
  }
  DnsAnswer await_resume() { return std::move(answer_); }

 private:
  Resolver& resolver_;
  std::string name_;
  RecordType type_;
  DnsAnswer answer_;
};

struct Question {
  std::string name;
  RecordType type = RecordType::kA;
};

// Asks everything at once; the answers are in the order of the questions.
class [[nodiscard]] LookupAll {
 public:
  LookupAll(Resolver& resolver, std::vector<Question> questions)
      : resolver_(resolver), questions_(std::move(questions)), answers_(questions_.size()) {}
  bool await_ready() const noexcept { return questions_.empty(); }
  void await_suspend(std::coroutine_handle<> waiting) {
    // No answer comes before this returns, so the count is complete before the first resume.
    left_ = questions_.size();
    for (size_t i = 0; i < questions_.size(); ++i) {
      resolver_.Resolve(questions_[i].name, questions_[i].type, [this, waiting, i](DnsAnswer a) {
        answers_[i] = std::move(a);
        if (--left_ == 0) waiting.resume();
      });
    }
  }
  std::vector<DnsAnswer> await_resume() { return std::move(answers_); }

 private:
  Resolver& resolver_;
  std::vector<Question> questions_;
  std::vector<DnsAnswer> answers_;
  size_t left_ = 0;
};

}  // namespace convoy::dns
