#include "sim/runner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <iterator>
#include <map>
#include <memory>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"
#include "sim/world.h"

namespace convoy::sim {
namespace {

constexpr size_t kFields = 11;  // before the counts of kKinds

struct Child {
  pid_t pid = 0;
  int pipe = -1;
  uint64_t seed = 0;
  bool again = false;
};

// What a child tells: fields separated by tabs, then lines of the broken invariants and the trace.
std::string Encode(const RunResult& r) {
  const RunCounts& c = r.counts;
  std::string out =
      Cat(r.trace_hash, '\t', r.events, '\t', c.acknowledged, '\t', c.taken, '\t', c.bounced, '\t',
          c.duplicates, '\t', c.windows_crash, '\t', c.windows_connection, '\t', r.kills, '\t',
          r.lasted.seconds(), '\t', r.broken.size());
  for (const std::string_view kind : kKinds) {
    const auto found = r.happened.find(kind);
    CatTo(&out, '\t', found == r.happened.end() ? 0 : found->second);
  }
  out += '\n';
  for (const std::string& line : r.broken) CatTo(&out, line, '\n');
  if (!r.broken.empty()) CatTo(&out, "  the last of the trace:\n");
  for (const std::string& line : r.tail) CatTo(&out, "    ", line, '\n');
  return out;
}

std::string ReadAll(int fd) {
  std::string all;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(fd, buffer, sizeof buffer)) > 0) all.append(buffer, static_cast<size_t>(got));
  close(fd);
  return all;
}

[[noreturn]] void RunChild(const RunPlan& plan, uint64_t seed, bool again, int fd) {
  SetLogLevel(plan.verbose ? LogLevel::kInfo : LogLevel::kError);
  // Other addresses, so that an order that depends on them shows.
  std::vector<std::unique_ptr<char[]>> ballast;
  for (int i = 0; again && i < 997; ++i) ballast.push_back(std::make_unique<char[]>(4096 + 64 * i));
  auto* world = new World(plan.scenario, seed, plan.verbose && !again);
  const std::string text = Encode(world->Run());
  size_t written = 0;
  while (written < text.size()) {
    const ssize_t n = write(fd, text.data() + written, text.size() - written);
    if (n <= 0) break;
    written += static_cast<size_t>(n);
  }
  _exit(0);
}

class Runner {
 public:
  Runner(const RunPlan& plan, const std::function<void(const std::string&)>& print)
      : plan_(plan), print_(print) {}

  RunSummary Run() {
    const uint64_t end = plan_.seed_from + plan_.seeds;
    for (uint64_t seed = plan_.seed_from; seed < end; ++seed) {
      Start(seed, false);
      if (plan_.twice) Start(seed, true);
    }
    while (!children_.empty()) Collect();
    summary_.text =
        Cat("scenario ", plan_.scenario.name, ": ", summary_.runs, " runs, ", summary_.failed,
            " failed; acknowledged ", sums_[2], ", taken ", sums_[3], ", bounced ", sums_[4],
            ", duplicates ", sums_[5], " (outcomes lost: crash ", sums_[6], ", connection ",
            sums_[7], "), kills ", sums_[8], ", events ", sums_[1], "\nhappened:");
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      CatTo(&summary_.text, i == 0 ? " " : ", ", kKinds[i], ' ', happened_[i]);
      if (plan_.hostile && happened_[i] == 0) Missing(kKinds[i]);
    }
    return summary_;
  }

 private:
  void Start(uint64_t seed, bool again) {
    while (children_.size() >= static_cast<size_t>(plan_.jobs)) Collect();
    int ends[2];
    CHECK(pipe(ends) == 0);
    const pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
      close(ends[0]);
      RunChild(plan_, seed, again, ends[1]);
    }
    close(ends[1]);
    children_.push_back({pid, ends[0], seed, again});
  }

  // Takes the oldest child's result.
  void Collect() {
    const Child child = children_.front();
    children_.erase(children_.begin());
    const std::string text = ReadAll(child.pipe);
    int status = 0;
    CHECK(waitpid(child.pid, &status, 0) == child.pid);
    ++summary_.runs;
    const std::vector<std::string_view> fields =
        Split(std::string_view(text).substr(0, text.find('\n')), '\t');
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 ||
        fields.size() != kFields + std::size(kKinds)) {
      return Fail(child.seed, Cat("crash: the process ended with status ", status));
    }
    for (size_t i = 1; i < 9; ++i) sums_[i] += ParseUint(fields[i]).value_or(0);
    for (size_t i = 0; i < std::size(kKinds); ++i) {
      happened_[i] += ParseUint(fields[kFields + i]).value_or(0);
    }
    if (fields[10] != "0") return Fail(child.seed, text.substr(text.find('\n') + 1));
    const std::string hash(fields[0]);
    const auto [first, fresh] = hashes_.try_emplace(child.seed, hash);
    if (!fresh && first->second != hash) {
      return Fail(child.seed, Cat("determinism: trace ", hash, " the second time, ", first->second,
                                  " the first"));
    }
    if (!plan_.quiet) {
      print_(Cat("seed ", child.seed, " trace ", hash, " acknowledged ", fields[2], " taken ",
                 fields[3], " bounced ", fields[4], " duplicates ", fields[5], " kills ", fields[8],
                 " virtual-seconds ", fields[9]));
    }
  }

  void Missing(std::string_view kind) {
    ++summary_.failed;
    print_(Cat("FAILED: in no run did this happen: ", kind));
  }

  void Fail(uint64_t seed, const std::string& why) {
    ++summary_.failed;
    const std::string line =
        Cat("FAILED seed ", seed, " scenario ", plan_.scenario.name, "\n", why);
    if (summary_.first_failure.empty()) summary_.first_failure = line;
    print_(line);
  }

  const RunPlan& plan_;
  const std::function<void(const std::string&)>& print_;
  std::vector<Child> children_;
  std::map<uint64_t, std::string> hashes_;
  uint64_t sums_[9] = {};
  uint64_t happened_[std::size(kKinds)] = {};
  RunSummary summary_;
};

}  // namespace

RunSummary RunSeeds(const RunPlan& plan, const std::function<void(const std::string&)>& print) {
  return Runner(plan, print).Run();
}

}  // namespace convoy::sim
