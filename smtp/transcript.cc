#include "smtp/transcript.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace convoy::smtp {
namespace {

using Step = Transcript::Step;

std::optional<Step> ParseAction(std::string_view text) {
  const std::vector<std::string_view> words = Split(Trim(text), ' ');
  Step step;
  if (words[0] == "wait" && words.size() == 2) {
    step.kind = Step::Kind::kWait;
    step.wait = ParseWait(words[1]);
  } else if (words[0] == "close") {
    step.kind = Step::Kind::kClose;
  } else if (words[0] == "half-close") {
    step.kind = Step::Kind::kHalfClose;
  } else if (words[0] == "reset") {
    step.kind = Step::Kind::kReset;
  } else if (words[0] == "tls") {
    step.kind = Step::Kind::kTls;
  } else if (words[0] == "drain") {
    step.kind = Step::Kind::kDrain;
  } else {
    return std::nullopt;
  }
  return step;
}

// The scripted end of a connection.
class Player {
 public:
  Player(EventLoop& loop, std::unique_ptr<Stream> stream, const Transcript& transcript,
         std::string* failure)
      : loop_(loop), stream_(std::move(stream)), transcript_(transcript), failure_(failure) {}

  Task<void> Play() {
    for (const Step& step : transcript_.steps) {
      const bool ok = co_await Take(step);
      if (!ok) co_return;
      draining_ = draining_ || step.kind == Step::Kind::kDrain;
      if (step.kind == Step::Kind::kClose || step.kind == Step::Kind::kReset) co_return;
    }
    co_await ExpectEnd();
  }

 private:
  Task<bool> Take(const Step& step) {
    stream_->SetDeadline(loop_.MonoNow() + Hours(2));
    switch (step.kind) {
      case Step::Kind::kSend:
        stream_->Send(std::string(step.text));
        co_return true;
      case Step::Kind::kExpect:
        co_return co_await ExpectLine(step);
      case Step::Kind::kTls:
        co_return co_await Handshake(step);
      case Step::Kind::kDrain:
        co_return true;
      default:
        break;
    }
    const absl::Status flushed = co_await stream_->Flush();
    if (!flushed.ok()) co_return Fail(step, flushed.ToString());
    if (step.kind == Step::Kind::kWait) {
      SleepUntil slept(loop_, loop_.MonoNow() + step.wait);
      co_await slept;
    }
    if (step.kind == Step::Kind::kClose) stream_->Close();
    if (step.kind == Step::Kind::kHalfClose) VirtualNetwork::HalfClose(*stream_);
    if (step.kind == Step::Kind::kReset) VirtualNetwork::Reset(*stream_);
    co_return true;
  }

  Task<bool> Handshake(const Step& step) {
    const absl::Status flushed = co_await stream_->Flush();
    if (!flushed.ok()) co_return Fail(step, flushed.ToString());
    TlsRequest request;
    request.server = transcript_.scripted == 'S';
    const absl::StatusOr<TlsInfo> tls = co_await stream_->Handshake(std::move(request));
    if (!tls.ok()) co_return Fail(step, tls.status().ToString());
    co_return true;
  }

  Task<bool> ExpectLine(const Step& step) {
    for (;;) {
      const size_t end = received_.find("\r\n");
      if (end != std::string::npos) {
        const std::string line = received_.substr(0, end);
        received_.erase(0, end + 2);
        co_return Matches(step.text, line) ||
            Fail(step, Cat("expected: ", Escape(step.text), "\n         got: ", Escape(line)));
      }
      const absl::StatusOr<size_t> size = co_await stream_->Read(buffer_, sizeof buffer_);
      if (!size.ok() || *size == 0) {
        co_return Fail(step, Cat("expected: ", Escape(step.text), "\n         got: ",
                                 Escape(received_), " and the end ", size.status().ToString()));
      }
      received_.append(buffer_, *size);
    }
  }

  Task<void> ExpectEnd() {
    stream_->SetDeadline(loop_.MonoNow() + Hours(2));
    for (;;) {
      const absl::StatusOr<size_t> size = co_await stream_->Read(buffer_, sizeof buffer_);
      if (!size.ok() || *size == 0) {
        if (absl::IsDeadlineExceeded(size.status())) *failure_ = "the program does not close";
        break;
      }
      received_.append(buffer_, std::min<size_t>(*size, 200));
    }
    if (!received_.empty() && !draining_)
      *failure_ = Cat("after the last line got: ", Escape(received_));
  }

  static bool Matches(std::string_view expected, std::string_view line) {
    if (expected.ends_with("...")) return line.starts_with(expected.substr(0, expected.size() - 3));
    return expected == line;
  }

  bool Fail(const Step& step, std::string_view what) {
    *failure_ = Cat(transcript_.path, ":", step.line, ": ", what);
    return false;
  }

  EventLoop& loop_;
  const std::unique_ptr<Stream> stream_;
  const Transcript& transcript_;
  std::string* const failure_;
  std::string received_;
  bool draining_ = false;
  char buffer_[4096];
};

}  // namespace

std::string Unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char kind = text[++i];
    if (kind == 'x' && i + 2 < text.size()) {
      out.append(HexDecode(text.substr(i + 1, 2)).value_or("?"));
      i += 2;
    } else {
      out.push_back(kind == 'r' ? '\r' : kind == 'n' ? '\n' : kind == '0' ? '\0' : kind);
    }
  }
  return out;
}

Duration ParseWait(std::string_view text) {
  const size_t digits = text.find_first_not_of("0123456789");
  CHECK(digits != std::string_view::npos && digits > 0);
  const int64_t n = *ParseInt(text.substr(0, digits));
  const std::string_view unit = text.substr(digits);
  if (unit == "ms") return Milliseconds(n);
  if (unit == "s") return Seconds(n);
  CHECK(unit == "m");
  return Minutes(n);
}

absl::StatusOr<Transcript> ParseTranscript(std::string path, std::string_view text, char scripted) {
  Transcript transcript;
  transcript.path = std::move(path);
  transcript.scripted = scripted;
  int number = 0;
  for (std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.empty() || line[0] == '#') continue;
    const auto error = [&](std::string_view why) {
      return absl::InvalidArgumentError(Cat(transcript.path, ":", number, ": ", why));
    };
    const char kind = line[0];
    const char mark = line.size() > 1 ? line[1] : ' ';
    const std::string_view rest = line.size() > 3 ? line.substr(3) : std::string_view();
    if (kind == '@') {
      transcript.options.emplace_back(Trim(line.substr(1)));
    } else if (kind == '=') {
      transcript.events.emplace_back(Trim(line.substr(1)));
    } else if (kind == '!') {
      std::optional<Step> step = ParseAction(line.substr(1));
      if (!step.has_value()) return error("unknown action");
      step->line = number;
      transcript.steps.push_back(*std::move(step));
    } else if ((kind == 'S' || kind == 'C') && (mark == ':' || (mark == '-' && kind == scripted))) {
      Step step;
      step.kind = kind == scripted ? Step::Kind::kSend : Step::Kind::kExpect;
      step.line = number;
      step.text = Unescape(rest);
      if (kind == scripted && mark == ':') step.text.append("\r\n");
      transcript.steps.push_back(std::move(step));
    } else {
      return error("a line begins with one of: S: C: S- C- @ ! = #");
    }
  }
  return transcript;
}

std::vector<Transcript> LoadTranscripts(const std::string& directory, char scripted) {
  std::vector<Transcript> transcripts;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().extension() != ".smtp") continue;
    std::ifstream file(entry.path());
    const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    absl::StatusOr<Transcript> parsed = ParseTranscript(entry.path().string(), text, scripted);
    if (!parsed.ok()) LogError("transcript", parsed.status().ToString());
    CHECK(parsed.ok());
    transcripts.push_back(*std::move(parsed));
  }
  std::sort(transcripts.begin(), transcripts.end(),
            [](const Transcript& a, const Transcript& b) { return a.path < b.path; });
  CHECK(!transcripts.empty());
  return transcripts;
}

std::string TranscriptName(const Transcript& transcript) {
  std::string name = std::filesystem::path(transcript.path).stem().string();
  for (char& c : name) {
    if (!IsAlnum(c)) c = '_';
  }
  return name;
}

Task<void> PlayTranscript(EventLoop& loop, std::unique_ptr<Stream> stream,
                          const Transcript& transcript, std::string* failure) {
  Player player(loop, std::move(stream), transcript, failure);
  co_await player.Play();
}

std::vector<Cutting> AllCuttings() {
  LinkOptions whole;
  whole.segment_bytes_min = whole.segment_bytes_max = 64 * 1024;
  LinkOptions bytes;
  bytes.segment_bytes_min = bytes.segment_bytes_max = 1;
  LinkOptions narrow;  // RFC 2920 3.1: both sides write more than the window takes
  narrow.window_bytes = 1;
  return {{"whole", whole, 1},           {"bytes", bytes, 1},
          {"narrow", narrow, 1},         {"random1", LinkOptions(), 1},
          {"random2", LinkOptions(), 2}, {"random3", LinkOptions(), 3}};
}

std::vector<Cutting> CuttingsFor(const Transcript& transcript) {
  std::vector<Cutting> cuttings = AllCuttings();
  for (const std::string& option : transcript.options) {
    if (!option.starts_with("only ")) continue;
    std::erase_if(cuttings, [&](const Cutting& c) { return c.name != option.substr(5); });
  }
  return cuttings;
}

}  // namespace convoy::smtp
