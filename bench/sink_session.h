// One SMTP connection at the receiver: bytes in, bytes out, what was accepted into a ledger.
//
// Independent of smtp/ on purpose: a mistake shared by our client and our server would hide itself.
// It is strict where a strict receiver is (bare LF in commands or content, pipelining after
// commands that end a group) and reports what it saw rather than repairing it.
//
// RFC:       5321 4.1.1, 2920 3.2, 3207 4
// Thread:    loop-affine
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bench/sink_rules.h"

namespace convoy::bench {

struct SinkOptions {
  bool pipelining = true;
  bool starttls = false;
  bool eightbitmime = true;
  int64_t size_max = 0;      // 0: not advertised
  int64_t max_messages = 0;  // per connection, then 421; 0: no limit
  std::string id_header = "X-Convoy-Id";
};

// What one connection has told so far; one ledger line per recipient of a finished message.
struct SinkRecord {
  std::string id;  // value of the id header; "" when the message has none
  std::string mail_from;
  std::string rcpt;
  std::string helo;
  std::string reply;  // what was answered to the dot; "close" when nothing was
  size_t bytes = 0;   // content after dot-unstuffing
  bool tls = false;
  bool bare_newline = false;  // a CR or LF stood alone in the content
  bool signed_by_dkim = false;
};

class SinkSession {
 public:
  SinkSession(const SinkOptions& options, SinkRules& rules) : options_(options), rules_(rules) {}

  // Called once after accept, and with every read. What is to be written is in output().
  void Start();
  void Input(std::string_view bytes);
  void TlsStarted();

  std::string& output() { return output_; }
  // Set by STARTTLS: write output, then do the handshake, then call TlsStarted.
  bool wants_tls() const { return wants_tls_; }
  // Write output, then close.
  bool closing() const { return closing_; }
  // Records and contents of messages finished since the last call.
  std::vector<SinkRecord> TakeRecords() { return std::exchange(records_, {}); }
  // Content of the message of the latest records (before it is overwritten by the next one).
  const std::string& last_content() const { return content_; }
  int64_t messages() const { return messages_; }

 private:
  void Command(std::string_view line);
  void Content();
  void Hello(std::string_view line);
  void Mail(std::string_view line);
  void Rcpt(std::string_view line);
  void Data();
  void Dot();
  // Answers as the rules say, else with `usual`. False when the command did not succeed.
  bool Answer(SinkPhase phase, std::string_view subject, std::string_view usual);
  void Say(std::string_view reply);

  const SinkOptions& options_;
  SinkRules& rules_;
  std::string input_;
  std::string output_;
  std::string content_;
  std::string helo_;
  std::string mail_from_;
  std::vector<std::string> rcpts_;
  std::vector<SinkRecord> records_;
  int64_t messages_ = 0;
  bool has_mail_ = false;
  bool in_data_ = false;
  bool tls_ = false;
  bool wants_tls_ = false;
  bool closing_ = false;
  bool stalled_ = false;
};

}  // namespace convoy::bench
