// What was seen, as text.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "tests/effects/stage.h"

namespace convoy::effects {
namespace {

// Cells of one CSV line (RFC 4180).
std::vector<std::string> Cells(std::string_view line) {
  std::vector<std::string> cells(1);
  bool quoted = false;
  for (const char c : line) {
    if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back().push_back(c);
    }
  }
  return cells;
}

std::vector<std::string> RecordLines(std::string_view file) {
  std::vector<std::string> lines;
  for (const std::string_view line : Split(file, '\n')) {
    if (!line.empty()) lines.emplace_back(Trim(line));
  }
  return lines;
}

std::string NameOnly(std::string_view path) {
  return std::string(path.substr(path.find_last_of('/') + 1));
}

}  // namespace

void Stage::Show(const Words& line) {
  const size_t before = seen_.size();
  const std::string what = line.At(1);
  if (what == "connections") ShowConnections();
  if (what == "peak") ShowPeak(line.At(2));
  if (what == "dialogue") ShowDialogue(line.At(2));
  if (what == "answers") ShowAnswers();
  if (what == "pace") ShowPace();
  if (what == "messages") ShowMessages(line);
  if (what == "accounting") ShowAccounting(line);
  if (what == "files") ShowFiles();
  if (what == "queues") ShowQueues();
  if (what == "dns") ShowDns();
  if (what == "log") ShowLog();
  if (what == "replies") ShowReplies(line.At(2) == "all");
  if (seen_.size() == before) seen_.push_back(Cat("no ", what));
  Collapse(before);
}

// Equal lines that follow each other become one.
void Stage::Collapse(size_t from) {
  std::vector<std::string> short_form;
  for (size_t i = from; i < seen_.size();) {
    size_t end = i;
    while (end < seen_.size() && seen_[end] == seen_[i]) ++end;
    short_form.push_back(end - i == 1 ? seen_[i] : Cat(seen_[i], " (", end - i, " times)"));
    i = end;
  }
  seen_.resize(from);
  seen_.insert(seen_.end(), short_form.begin(), short_form.end());
}

// What clients were told since the last time; without `all` not what EHLO offers.
void Stage::ShowReplies(bool all) {
  for (ClientLog& log : client_logs_) {
    for (const std::string& reply : log) {
      if (all || !reply.starts_with("EHLO: 250")) seen_.push_back(reply);
    }
    log.clear();
  }
}

namespace {

// "2023-11-14 22:13:20+0000", after the start of virtual time.
MonoTime MonoOf(const std::string& text, WallTime wall_now, MonoTime now) {
  std::tm parts = {};
  CHECK(strptime(text.c_str(), "%Y-%m-%d %H:%M:%S", &parts) != nullptr);
  return now - (wall_now - WallTime{timegm(&parts) * 1'000'000});
}

}  // namespace

void Stage::ShowConnections() {
  for (const Connection& c : book_.connections) {
    seen_.push_back(
        Cat(At(c.opened), ": ", c.from.ip.ToString(), " to ", c.host, " port ", c.to.port, ", ",
            c.hello.empty() ? "no EHLO" : Cat("EHLO ", c.hello), ", ", c.messages, " messages, ",
            c.resumed ? "TLS resumed, " : "",
            c.closed == kMonoMax ? "open" : Cat(c.quit ? "QUIT" : "closed", " at ", At(c.closed))));
  }
}

void Stage::ShowPeak(const std::string& host) {
  int peak = 0;
  for (const Connection& c : book_.connections) {
    if (!host.empty() && c.host != host) continue;
    int open = 0;
    for (const Connection& other : book_.connections) {
      if (!host.empty() && other.host != host) continue;
      open += other.opened <= c.opened && other.closed > c.opened;
    }
    peak = std::max(peak, open);
  }
  seen_.push_back(Cat("at most ", peak, " connections at a time"));
}

// Commands that arrived together stand in one line, and so do their answers.
void Stage::ShowDialogue(const std::string& host) {
  for (const Connection& c : book_.connections) {
    if (!host.empty() && c.host != host) continue;
    seen_.push_back(Cat("connection from ", c.from.ip.ToString(), " to ", c.host));
    for (size_t i = 0; i < c.dialogue.size();) {
      size_t end = i;
      while (end < c.dialogue.size() && c.dialogue[end].batch == c.dialogue[i].batch) ++end;
      for (const bool ours : {false, true}) {
        std::string text;
        for (size_t j = i; j < end; ++j) {
          if (c.dialogue[j].ours != ours) continue;
          std::string one = c.dialogue[j].text;
          for (size_t at = one.find("\r\n"); at != std::string::npos; at = one.find("\r\n")) {
            one.replace(at, 2, " / ");
          }
          CatTo(&text, text.empty() ? "" : " | ", one);
        }
        if (!text.empty()) seen_.push_back(Cat(ours ? "  < " : "  > ", text));
      }
      i = end;
    }
  }
}

void Stage::ShowAnswers() {
  for (const Answered& a : book_.answers) {
    seen_.push_back(Cat(At(a.at), ": ", a.rcpt, " at ", a.host, ": ", a.reply));
  }
}

// How many recipients were answered when.
void Stage::ShowPace() {
  std::vector<std::pair<std::string, int>> pace;
  for (const Answered& a : book_.answers) {
    if (pace.empty() || pace.back().first != At(a.at)) pace.emplace_back(At(a.at), 0);
    ++pace.back().second;
  }
  for (const auto& [at, count] : pace) seen_.push_back(Cat(at, ": ", count, " recipients"));
}

// Of each delivered message the header fields of these names, as sent; without names all, and
// "size" its octets.
void Stage::ShowMessages(const Words& line) {
  for (const Delivered& message : book_.messages) {
    std::string rcpts = Join(message.rcpts, " ");
    seen_.push_back(Cat(At(message.at), ": to ", rcpts, " at ", message.host));
    bool wanted = false;
    for (const std::string_view text : Split(message.content, '\n')) {
      if (text.empty()) break;
      if (!IsBlank(text[0])) {
        wanted = line.list.size() == 2;
        for (size_t i = 2; i < line.list.size(); ++i) {
          wanted |= StartsWithIgnoreCase(text, Cat(line.list[i], ":"));
        }
      }
      if (wanted) seen_.push_back(Cat("  ", text));
    }
  }
}

// The given columns of every record, in all accounting files; "time" is that of timeLogged.
void Stage::ShowAccounting(const Words& line) {
  for (const auto& [name, content] : shard_->account_files().files) {
    const std::vector<std::string> records = RecordLines(content);
    if (records.empty()) continue;
    const std::vector<std::string> header = Cells(records.front());
    for (size_t i = 1; i < records.size(); ++i) {
      const std::vector<std::string> cells = Cells(records[i]);
      std::string text;
      for (size_t j = 2; j < line.list.size(); ++j) {
        const bool time = line.list[j] == "time";
        const auto column =
            std::find(header.begin(), header.end(), time ? "timeLogged" : line.list[j]);
        std::string cell = "(no column)";
        if (column != header.end()) cell = cells[static_cast<size_t>(column - header.begin())];
        if (time) cell = At(MonoOf(cell, loop_.WallNow(), loop_.MonoNow()));
        CatTo(&text, text.empty() ? "" : ", ", cell.empty() ? "-" : cell);
      }
      seen_.push_back(std::move(text));
    }
  }
}

void Stage::ShowFiles() {
  for (const auto& [name, content] : shard_->account_files().files) {
    const std::vector<std::string> records = RecordLines(content);
    seen_.push_back(
        Cat(NameOnly(name), ": ", records.empty() ? size_t{0} : records.size() - 1, " records"));
  }
}

void Stage::ShowQueues() {
  for (const shard::QueueReport& queue : shard_->engine().Report("", "")) {
    seen_.push_back(Cat(queue.domain, "/", queue.vmta, ": ", queue.recipients, " recipients, ",
                        queue.totals.delivered, " delivered, ", queue.mode,
                        queue.waiting.empty() ? "" : Cat(", ", queue.waiting)));
  }
}

void Stage::ShowDns() {
  for (const NotedResolver::Question& question : resolver_.questions()) {
    seen_.push_back(Cat(At(question.at), ": ", question.text));
  }
}

// The process log since the last `show log`, without its times.
void Stage::ShowLog() {
  const std::string log = testing::internal::GetCapturedStderr();
  testing::internal::CaptureStderr();
  for (const std::string_view line : Split(log, '\n')) {
    const size_t blank = line.find(' ');
    if (blank != std::string_view::npos) seen_.emplace_back(line.substr(blank + 1));
  }
}

}  // namespace convoy::effects
