// One run of a scenario: mail hosts, DNS, clients and a shard under one configuration, from time 0.
//
// Thread:    loop-affine
// Determinism: pure: the same configuration and scenario give the same observation
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "dns/table_resolver.h"
#include "runtime/virtual_loop.h"
#include "runtime/virtual_network.h"
#include "sts/table_fetcher.h"
#include "tests/effects/client.h"
#include "tests/effects/receiver.h"
#include "tests/effects/shard.h"
#include "tests/effects/words.h"

namespace convoy::effects {

// Nothing takes time unless the scenario says so, and commands written together arrive together.
LinkOptions StillLink();

// The table's answers, with a note of each question.
class NotedResolver final : public dns::Resolver {
 public:
  struct Question {
    MonoTime at{};
    std::string text;  // "MX a.test"
  };
  NotedResolver(EventLoop& loop, dns::Resolver& table) : loop_(loop), table_(table) {}
  void Resolve(std::string name, dns::RecordType type, dns::AnswerDone done) override;
  bool validates() const override { return table_.validates(); }
  const std::vector<Question>& questions() const { return questions_; }

 private:
  EventLoop& loop_;
  dns::Resolver& table_;
  std::vector<Question> questions_;
};

class Stage {
 public:
  explicit Stage(std::shared_ptr<const config::Config> config);
  ~Stage();

  // What the scenario's `show` lines saw. A line that is not understood fails the test.
  std::vector<std::string> Play(const std::vector<std::string>& scenario);

 private:
  using Lines = std::vector<std::string>;
  // stage_scene.cc: who is there, and what they do
  bool Arrange(const Words& line);
  void AddHost(const std::string& name, Endpoint where);
  void AddDomain(const std::string& domain, const std::string& hosts);
  void ChangeDns(const Words& line);
  void AddTlsa(const std::string& name, const Words& line);
  void ReachOf(const std::string& host, Reach reach);
  void Rule(const Words& line);
  Receiver& HostOf(const std::string& name);
  // stage_mail.cc
  bool Hand(const Words& line, const Lines& fields);
  void Submit(Letter letter, const Words& line);
  // stage_show.cc: what was seen
  void Show(const Words& line);
  void Collapse(size_t from);
  void ShowReplies(bool all);
  void ShowConnections();
  void ShowPeak(const std::string& host);
  void ShowDialogue(const std::string& host);
  void ShowAnswers();
  void ShowPace();
  void ShowMessages(const Words& line);
  void ShowAccounting(const Words& line);
  void ShowFiles();
  void ShowQueues();
  void ShowDns();
  void ShowLog();
  std::string At(MonoTime when) const { return FormatDuration(when - start_); }

  VirtualLoop loop_;
  const MonoTime start_;
  VirtualNetwork network_;
  dns::TableResolver table_;
  NotedResolver resolver_;
  sts::TableFetcher policies_;
  Book book_;
  std::map<std::string, std::vector<std::unique_ptr<Receiver>>> hosts_;
  uint8_t next_address_ = 1;
  std::unique_ptr<Shard> shard_;
  std::deque<ClientLog> client_logs_;
  std::vector<std::string> seen_;
  int letters_ = 0;
  size_t connections_held_ = 0;
};

}  // namespace convoy::effects
