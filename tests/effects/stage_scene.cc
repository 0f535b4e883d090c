// Who is on the stage: mail hosts, DNS records, how hosts behave.
#include <gtest/gtest.h>

#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "tests/effects/stage.h"

namespace convoy::effects {

void Stage::AddHost(const std::string& name, Endpoint where) {
  std::vector<std::unique_ptr<Receiver>>& receivers = hosts_[name];
  if (receivers.empty()) table_.AddAddress(name, where.ip);
  receivers.push_back(std::make_unique<Receiver>(loop_, network_, book_, name, where));
}

Receiver& Stage::HostOf(const std::string& name) {
  CHECK(hosts_.contains(name));
  return *hosts_.at(name).front();
}

// `hosts` is a list: the first one has preference 10, the next 20, ...
void Stage::AddDomain(const std::string& domain, const std::string& hosts) {
  uint16_t preference = 0;
  for (const std::string_view host : Split(hosts, ',')) {
    preference = static_cast<uint16_t>(preference + 10);
    table_.AddMx(domain, preference, host);
    const std::string name(host);
    if (!hosts_.contains(name)) AddHost(name, {IpAddress::V4(203, 0, 113, next_address_++), 25});
  }
}

void Stage::ChangeDns(const Words& line) {
  const std::string name = line.At(1);
  const std::string what = line.At(2);
  if (what == "mx") {
    table_.AddMx(name, static_cast<uint16_t>(ParseUint(line.At(3)).value_or(0)), line.At(4));
  } else if (what == "a") {
    table_.AddAddress(name, *IpAddress::Parse(line.At(3)));
  } else if (what == "cname") {
    table_.AddCname(name, line.At(3));
  } else if (what == "tlsa") {
    AddTlsa(name, line);
  } else if (what == "signed") {
    table_.SetSecure(name, true);
  } else if (what == "bogus") {
    table_.Fail(name, dns::DnsStatus::kBogus);
  } else if (what == "forget") {
    table_.Remove(name);
  } else if (what == "servfail") {
    table_.Fail(name, dns::DnsStatus::kServFail);
  } else {
    ADD_FAILURE() << "no such record: " << what;
  }
}

// dns NAME tlsa USAGE SELECTOR MATCHING: with a digest of 32 octets, in a signed zone
void Stage::AddTlsa(const std::string& name, const Words& line) {
  std::string data;
  for (const size_t field : {3, 4, 5}) {
    data.push_back(static_cast<char>(ParseUint(line.At(field)).value_or(0)));
  }
  table_.AddTlsa(name, data + std::string(32, 'd'));
  table_.SetSecure(name, true);
}

void Stage::ReachOf(const std::string& host, Reach reach) {
  network_.SetReach(HostOf(host).where().ip, reach);
}

// says HOST STEP [Nx] [only=RCPT] REPLY
void Stage::Rule(const Words& line) {
  size_t reply = 3;
  int times = 0;
  if (line.At(3).ends_with("x")) {
    times = static_cast<int>(ParseInt(line.At(3).substr(0, line.At(3).size() - 1)).value_or(0));
    ++reply;
  }
  const std::string only = line.Setting("only");
  if (!only.empty()) ++reply;
  for (const auto& receiver : hosts_.at(line.At(1))) {
    receiver->Say(line.At(2), line.From(reply), times, only);
  }
}

bool Stage::Arrange(const Words& line) {
  const std::string& word = line.list.at(0);
  if (word == "domain") {
    AddDomain(line.At(1), line.Setting("mx", "mx." + line.At(1)));
  } else if (word == "host") {
    const auto endpoint = Endpoint::Parse(line.At(2));
    const auto ip = IpAddress::Parse(line.At(2));
    CHECK(endpoint.ok() || ip.ok());
    AddHost(line.At(1), endpoint.ok() ? *endpoint : Endpoint{*ip, 25});
  } else if (word == "dns") {
    ChangeDns(line);
  } else if (word == "policy") {
    // policy DOMAIN MODE MX
    table_.AddText("_mta-sts." + line.At(1), "v=STSv1; id=1");
    policies_.texts[line.At(1)] = sts::PolicyText(line.At(2), line.At(3));
  } else if (word == "proves") {
    // proves HOST no: its certificate is not the one that clients look for
    LinkOptions link = StillLink();
    link.tls_verified = line.At(2) != "no";
    network_.SetLink(HostOf(line.At(1)).where().ip, link);
  } else if (word == "offers") {
    std::vector<std::string> keywords;
    const std::string list = line.From(2);
    for (const std::string_view one : Split(list, ',')) keywords.emplace_back(Trim(one));
    if (keywords.front() == "nothing") keywords.clear();
    for (const auto& receiver : hosts_.at(line.At(1))) receiver->Offer(keywords);
  } else if (word == "says") {
    Rule(line);
  } else if (word == "waits") {
    for (const auto& receiver : hosts_.at(line.At(1))) {
      receiver->Wait(line.At(2), ParseDuration(line.At(3)));
    }
  } else if (word == "refuses" || word == "vanishes" || word == "opens") {
    ReachOf(line.At(1), word == "opens"     ? Reach::kOpen
                        : word == "refuses" ? Reach::kRefused
                                            : Reach::kBlackHole);
  } else {
    return false;
  }
  return true;
}

}  // namespace convoy::effects
