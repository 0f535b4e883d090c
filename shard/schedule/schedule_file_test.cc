// Replays the conversations in tests/schedules/*.txt: events, ----, the actions they lead to.
//
// A file is blocks separated by blank lines. Each block: events, one a line; a line "----"; the
// actions of these events in order ("-" if there are none). With `--update` the actions are
// rewritten in the source tree (bazel run //shard/schedule:schedule_file_test -- --update). The
// language is in tests/schedules/README.md.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/text.h"
#include "shard/schedule/scheduler.h"

namespace convoy::shard {
namespace {

constexpr char kDirectory[] = "tests/schedules";
constexpr MonoTime kStart{1'000'000'000};

// "90s", "10m", "250ms", "1h".
Duration ParseDuration(std::string_view text) {
  const std::pair<std::string_view, Duration> units[] = {{"ms", Milliseconds(1)},
                                                         {"s", Seconds(1)},
                                                         {"m", Minutes(1)},
                                                         {"h", Hours(1)},
                                                         {"d", Days(1)}};
  for (const auto& [unit, length] : units) {
    if (!text.ends_with(unit)) continue;
    const auto n = ParseInt(text.substr(0, text.size() - unit.size()));
    if (n.has_value()) return length * *n;
  }
  ADD_FAILURE() << "not a time: " << text;
  return {};
}

std::string FormatDuration(Duration d) {
  const int64_t ms = d.millis();
  return ms % 1000 == 0 ? Cat(ms / 1000, "s") : Cat(ms, "ms");
}

// "5/1h"
Rate ParseRate(std::string_view text) {
  const std::vector<std::string_view> parts = Split(text, '/');
  if (parts.size() != 2) return {};
  return {ParseInt(parts[0]).value_or(0), ParseDuration(parts[1])};
}

// One line: a word, an id, flags and key=value settings.
struct Line {
  explicit Line(std::string_view text) {
    for (const std::string_view word : Split(text, ' ')) {
      const size_t equal = word.find('=');
      if (equal != std::string_view::npos) {
        settings[std::string(word.substr(0, equal))] = std::string(word.substr(equal + 1));
      } else if (!word.empty()) {
        words.emplace_back(word);
      }
    }
  }
  uint32_t Id() const {
    return words.size() < 2 ? 0 : static_cast<uint32_t>(ParseUint(words[1]).value_or(0));
  }
  bool Has(std::string_view word) const {
    return std::find(words.begin(), words.end(), word) != words.end();
  }
  uint32_t Number(const std::string& key, uint32_t otherwise) const {
    const auto it = settings.find(key);
    return it == settings.end() ? otherwise
                                : static_cast<uint32_t>(ParseUint(it->second).value_or(0));
  }
  Duration Time(const std::string& key, Duration otherwise) const {
    const auto it = settings.find(key);
    return it == settings.end() ? otherwise : ParseDuration(it->second);
  }
  Rate RateOf(const std::string& key) const {
    const auto it = settings.find(key);
    return it == settings.end() ? Rate{} : ParseRate(it->second);
  }

  std::vector<std::string> words;
  std::map<std::string, std::string> settings;
};

class Conversation {
 public:
  // What the events of one block lead to.
  std::string Play(const std::vector<std::string>& events) {
    output_.clear();
    for (const std::string& event : events) One(event);
    return output_.empty() ? "-\n" : output_;
  }

 private:
  void One(const std::string& text) {
    const Line line(text);
    const std::string& word = line.words.at(0);
    if (word[0] == '+') {
      now_ = now_ + ParseDuration(std::string_view(word).substr(1));
    } else if (word == "why") {
      const WaitReason reason = scheduler_.Why(QueueId(line.Id()), now_);
      CatTo(&output_, "queue ", line.Id(), ": ",
            Describe(reason, FormatDuration(reason.until - kStart)), "\n");
    } else if (word == "counters") {
      const QueueCounters c = scheduler_.Counters(QueueId(line.Id()));
      CatTo(&output_, "queue ", line.Id(), ": ready ", c.ready, ", connecting ", c.connecting,
            ", open ", c.open, ", assigned ", c.assigned, "\n");
    } else if (!Configure(line) && !Session(line)) {
      ADD_FAILURE() << "unknown event: " << text;
    }
  }

  bool Configure(const Line& line) {
    const std::string& word = line.words[0];
    const QueueId queue(line.Id());
    const SharedLimits limits{line.Number("max-smtp-out", kUnlimitedConnections),
                              line.RateOf("max-msg-rate")};
    if (word == "queue") {
      Tell(SetQueue{queue, SiteId(line.Number("site", line.Id())), VmtaId(line.Number("vmta", 1)),
                    Policy(line), line.Has("start-spent")});
    } else if (word == "remove") {
      Tell(RemoveQueue{queue});
    } else if (word == "site") {
      Tell(SetSite{SiteId(line.Id()), limits, line.Has("start-spent")});
    } else if (word == "vmta") {
      Tell(SetVmta{VmtaId(line.Id()), limits, line.Has("start-spent")});
    } else if (word == "total") {
      Tell(SetTotal{line.Id()});
    } else if (word == "work") {
      Tell(QueueWork{queue, line.Number("ready", 0), line.Has("new-mail")});
    } else if (word == "pause" || word == "resume") {
      Tell(PauseQueue{queue, word == "pause"});
    } else if (word == "lease") {
      Tell(AllowQueue{queue, line.Has("on")});
    } else if (word == "sending") {
      Tell(AllowSending{line.Has("on")});
    } else if (word == "retry-now") {
      Tell(RetryNow{queue});
    } else if (word == "defer") {
      Tell(DeferQueue{queue});
    } else if (word == "timer") {
      Tell(TimerFired{});
    } else {
      return false;
    }
    return true;
  }

  bool Session(const Line& line) {
    const std::string& word = line.words[0];
    const SessionId session(line.Id());
    if (word == "opened") {
      Tell(SessionOpened{session});
    } else if (word == "idle") {
      Tell(SessionIdle{session});
    } else if (word == "delivered" || word == "error" || word == "no-reply") {
      Tell(AttemptReported{session, word == "delivered" ? AttemptResult::kDelivered
                                    : word == "error"   ? AttemptResult::kError
                                                        : AttemptResult::kNoReply});
    } else if (word == "returned") {
      Tell(AttemptReturned{session});
    } else if (word == "closing") {
      Tell(SessionClosing{session});
    } else if (word == "closed") {
      Tell(SessionClosed{session, line.Has("lost")            ? SessionEnd::kLost
                                  : line.Has("not-connected") ? SessionEnd::kNotConnected
                                  : line.Has("refused")       ? SessionEnd::kRefused
                                  : line.Has("dns-error")     ? SessionEnd::kDnsError
                                                              : SessionEnd::kNormal});
    } else {
      return false;
    }
    return true;
  }

  static QueuePolicyPtr Policy(const Line& line) {
    QueuePolicy p;
    p.max_smtp_out = line.Number("max-smtp-out", p.max_smtp_out);
    p.max_msg_rate = line.RateOf("max-msg-rate");
    p.max_msg_per_connection = line.Number("max-msg-per-connection", 0);
    p.max_errors_per_connection = line.Number("max-errors-per-connection", 0);
    p.priority = line.Number("queue-priority", p.priority);
    p.mx_connection_attempts = line.Number("mx-connection-attempts", p.mx_connection_attempts);
    p.probe_attempts = line.Number("probe-attempts", p.probe_attempts);
    p.smtp_out_rampup_interval = line.Time("smtp-out-rampup-interval", {});
    p.connection_idle_timeout = line.Time("connection-idle-timeout", {});
    p.retry_upon_new_mail = line.Has("retry-upon-new-mail");
    const auto retry = line.settings.find("retry-after");
    if (retry != line.settings.end()) {
      p.retry_after.clear();
      for (const std::string_view t : Split(retry->second, ',')) {
        p.retry_after.push_back(ParseDuration(t));
      }
    }
    return std::make_shared<const QueuePolicy>(std::move(p));
  }

  void Tell(const Event& event) {
    Actions actions;
    scheduler_.OnEvent(now_, event, &actions);
    for (const Action& a : actions) Write(a);
  }
  void Write(const Action& a) {
    const std::string at = a.at >= kMonoMax ? "asked again" : FormatDuration(a.at - kStart);
    const std::string who = Cat("session ", a.session.value(), " of queue ", a.queue.value());
    switch (a.kind) {
      case Action::Kind::kOpenSession:
        return CatTo(&output_, "open ", who, "\n");
      case Action::Kind::kAssign:
        return CatTo(&output_, "assign ", who, "\n");
      case Action::Kind::kWait:
        return CatTo(&output_, "wait ", who, " until ", at, "\n");
      case Action::Kind::kCloseSession:
        return CatTo(&output_, "close ", who, "\n");
      case Action::Kind::kSetTimer:
        return CatTo(&output_, "timer ", at, "\n");
    }
  }

  Scheduler scheduler_{SchedulerOptions{}};
  MonoTime now_ = kStart;
  std::string output_;
};

// The file with the actions as they are now.
std::string Replay(const std::string& content) {
  Conversation conversation;
  std::string result;
  std::vector<std::string> events;
  bool expecting = false;
  std::istringstream in(content);
  std::string line;
  while (std::getline(in, line)) {
    if (line == "----") {
      CatTo(&result, "----\n", conversation.Play(events));
      events.clear();
      expecting = true;
    } else if (expecting && !line.empty()) {
      continue;  // what was expected so far
    } else {
      expecting = false;
      CatTo(&result, line, "\n");
      if (!line.empty() && line[0] != '#') events.push_back(line);
    }
  }
  EXPECT_TRUE(events.empty()) << "events without ---- at the end";
  return result;
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

bool g_update = false;

TEST(ScheduleFiles, EventsLeadToTheActionsWrittenDown) {
  const char* source = std::getenv("BUILD_WORKSPACE_DIRECTORY");
  const std::filesystem::path root = g_update && source != nullptr ? source : ".";
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(root / kDirectory)) {
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const std::filesystem::path& path : files) {
    SCOPED_TRACE(path.filename().string());
    const std::string before = ReadFile(path);
    const std::string after = Replay(before);
    if (g_update) {
      std::ofstream(path, std::ios::binary) << after;
    } else {
      EXPECT_EQ(before, after);
    }
  }
}

}  // namespace

void SetUpdate() { g_update = true; }

}  // namespace convoy::shard

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--update") == 0) convoy::shard::SetUpdate();
  }
  return RUN_ALL_TESTS();
}
