#include "bench/sink_session.h"

#include <utility>

#include "base/text.h"

namespace convoy::bench {
namespace {

// The address in `MAIL FROM:<...>` or `RCPT TO:<...>`.
std::string PathOf(std::string_view line) {
  const size_t open = line.find('<');
  const size_t close = line.find('>', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) return "?";
  return std::string(line.substr(open + 1, close - open - 1));
}

// Undoes dot-stuffing (RFC 5321 4.5.2).
std::string Unstuffed(std::string_view wire) {
  std::string out;
  out.reserve(wire.size());
  size_t at = 0;
  while (at < wire.size()) {
    if (wire[at] == '.') ++at;
    const size_t end = wire.find("\r\n", at);
    const size_t next = end == std::string_view::npos ? wire.size() : end + 2;
    out.append(wire.substr(at, next - at));
    at = next;
  }
  return out;
}

bool HasBareNewline(std::string_view content) {
  for (size_t i = 0; i < content.size(); ++i) {
    if (content[i] == '\n' && (i == 0 || content[i - 1] != '\r')) return true;
    if (content[i] == '\r' && (i + 1 == content.size() || content[i + 1] != '\n')) return true;
  }
  return false;
}

// The first value of a header field; "" when absent.
std::string HeaderValue(std::string_view content, std::string_view name) {
  size_t at = 0;
  while (at < content.size()) {
    const size_t end = std::min(content.find("\r\n", at), content.size());
    const std::string_view line = content.substr(at, end - at);
    if (line.empty()) break;
    if (line.size() > name.size() && line[name.size()] == ':' && StartsWithIgnoreCase(line, name)) {
      return std::string(Trim(line.substr(name.size() + 1)));
    }
    at = end + 2;
  }
  return "";
}

}  // namespace

void SinkSession::Say(std::string_view reply) { CatTo(&output_, reply, "\r\n"); }

bool SinkSession::Answer(SinkPhase phase, std::string_view subject, std::string_view usual) {
  const SinkAction action = rules_.empty() ? SinkAction{} : rules_.Decide(phase, subject);
  switch (action.kind) {
    case SinkAction::Kind::kDefault:
      Say(usual);
      return true;
    case SinkAction::Kind::kReply:
      Say(action.reply);
      if (action.reply.starts_with("421")) closing_ = true;
      return action.reply.front() == '2' || action.reply.front() == '3';
    case SinkAction::Kind::kClose:
      closing_ = true;
      return false;
    case SinkAction::Kind::kStall:
      stalled_ = true;
      return false;
  }
  return false;
}

void SinkSession::Start() { Answer(SinkPhase::kConnect, "*", "220 sink.test ESMTP"); }

void SinkSession::TlsStarted() {
  wants_tls_ = false;
  tls_ = true;
  helo_.clear();
  input_.clear();
}

void SinkSession::Input(std::string_view bytes) {
  input_.append(bytes);
  while (!closing_ && !stalled_ && !wants_tls_) {
    if (in_data_) {
      const size_t before = input_.size();
      Content();
      if (in_data_ || input_.size() == before) return;
      continue;
    }
    const size_t end = input_.find('\n');
    if (end == std::string::npos) {
      if (input_.size() > 4096) closing_ = true;
      return;
    }
    std::string line = input_.substr(0, end);
    input_.erase(0, end + 1);
    if (line.empty() || line.back() != '\r') {
      Say("500 5.5.2 bare LF");
      continue;
    }
    line.pop_back();
    Command(line);
  }
}

void SinkSession::Command(std::string_view line) {
  if (StartsWithIgnoreCase(line, "EHLO ") || StartsWithIgnoreCase(line, "HELO ")) {
    Hello(line);
  } else if (StartsWithIgnoreCase(line, "MAIL FROM:")) {
    Mail(line);
  } else if (StartsWithIgnoreCase(line, "RCPT TO:")) {
    Rcpt(line);
  } else if (EqualsIgnoreCase(line, "DATA")) {
    Data();
  } else if (EqualsIgnoreCase(line, "RSET")) {
    has_mail_ = false;
    rcpts_.clear();
    Say("250 2.0.0 ok");
  } else if (EqualsIgnoreCase(line, "NOOP")) {
    Say("250 2.0.0 ok");
  } else if (EqualsIgnoreCase(line, "QUIT")) {
    Say("221 2.0.0 bye");
    closing_ = true;
  } else if (EqualsIgnoreCase(line, "STARTTLS") && options_.starttls && !tls_) {
    Say("220 2.0.0 go ahead");
    wants_tls_ = true;
  } else {
    Say("502 5.5.1 what?");
  }
}

void SinkSession::Hello(std::string_view line) {
  helo_ = Trim(line.substr(5));
  if (LowerChar(line[0]) == 'h') {
    Answer(SinkPhase::kEhlo, "*", "250 sink.test");
    return;
  }
  std::string reply = "250-sink.test\r\n";
  if (options_.pipelining) reply += "250-PIPELINING\r\n";
  if (options_.eightbitmime) reply += "250-8BITMIME\r\n";
  if (options_.starttls && !tls_) reply += "250-STARTTLS\r\n";
  if (options_.size_max > 0) CatTo(&reply, "250-SIZE ", options_.size_max, "\r\n");
  reply += "250 ENHANCEDSTATUSCODES";
  Answer(SinkPhase::kEhlo, "*", reply);
}

void SinkSession::Mail(std::string_view line) {
  if (has_mail_) return Say("503 5.5.1 nested MAIL");
  if (options_.max_messages > 0 && messages_ >= options_.max_messages) {
    Say("421 4.7.0 enough on this connection");
    closing_ = true;
    return;
  }
  mail_from_ = PathOf(line);
  has_mail_ = Answer(SinkPhase::kMail, mail_from_, "250 2.1.0 ok");
}

void SinkSession::Rcpt(std::string_view line) {
  if (!has_mail_) return Say("503 5.5.1 need MAIL");
  std::string rcpt = PathOf(line);
  if (Answer(SinkPhase::kRcpt, rcpt, "250 2.1.5 ok")) rcpts_.push_back(std::move(rcpt));
}

void SinkSession::Data() {
  if (rcpts_.empty()) return Say("503 5.5.1 need RCPT");
  in_data_ = Answer(SinkPhase::kData, "*", "354 go");
}

void SinkSession::Content() {
  size_t end = 0;
  if (!input_.starts_with(".\r\n")) {
    end = input_.find("\r\n.\r\n");
    if (end == std::string::npos) return;
    end += 2;
  }
  content_ = Unstuffed(std::string_view(input_).substr(0, end));
  input_.erase(0, end + 3);
  in_data_ = false;
  Dot();
}

void SinkSession::Dot() {
  const size_t reply_at = output_.size();
  const bool accepted = Answer(SinkPhase::kDot, rcpts_.front(), "250 2.0.0 queued");
  const bool silent = output_.size() == reply_at;
  if (accepted || silent) {
    ++messages_;
    const std::string id = HeaderValue(content_, options_.id_header);
    const bool bare = HasBareNewline(content_);
    const bool dkim = !HeaderValue(content_, "DKIM-Signature").empty();
    for (const std::string& rcpt : rcpts_) {
      records_.push_back({id, mail_from_, rcpt, helo_, silent ? "close" : "250", content_.size(),
                          tls_, bare, dkim});
    }
  }
  has_mail_ = false;
  rcpts_.clear();
}

}  // namespace convoy::bench
