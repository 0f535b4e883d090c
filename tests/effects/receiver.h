// A mail host that answers as its scenario says and writes down what it sees.
//
// Written from the RFC for these tests: it shares no code with smtp/.
//
// RFC:       5321 (commands and replies), 2920 3.2 (pipelined commands are answered in order),
//            3207 4, 4954 4 (AUTH PLAIN)
// Thread:    loop-affine
// Determinism: uses the loop's time
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/virtual_network.h"

namespace convoy::effects {

// One command or reply. What arrives in one segment shares a batch.
struct Utterance {
  bool ours = false;  // said by the receiver
  std::string text;
  int batch = 0;
  MonoTime at{};
};

struct Connection {
  std::string host;
  Endpoint from;
  Endpoint to;
  MonoTime opened{};
  MonoTime closed = kMonoMax;  // kMonoMax: still open
  std::string hello;
  int messages = 0;
  bool quit = false;
  bool tls = false;
  bool resumed = false;  // an earlier TLS session
  std::vector<Utterance> dialogue;
};

// The final answer about one recipient.
struct Answered {
  MonoTime at{};
  std::string host;
  std::string rcpt;
  std::string reply;
};

struct Delivered {
  MonoTime at{};
  std::string host;
  std::string from;
  std::vector<std::string> rcpts;
  std::string content;
};

struct Book {
  std::deque<Connection> connections;  // elements stay where they are
  std::vector<Answered> answers;
  std::vector<Delivered> messages;
};

class Receiver {
 public:
  Receiver(EventLoop& loop, Network& network, Book& book, std::string name, Endpoint where);

  // The words after 250 of EHLO, one a line.
  void Offer(std::vector<std::string> keywords) { keywords_ = std::move(keywords); }
  // At "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data" or "dot" say this, `times`
  // times (0: always). `only`: at RCPT for this recipient alone. A reply of "close" is none: the
  // connection ends.
  void Say(const std::string& step, std::string reply, int times, std::string only);
  // Before the answer at this step; at "body": before the body is read.
  void Wait(const std::string& step, Duration pause) { pauses_[step] = pause; }

  const Endpoint& where() const { return where_; }

 private:
  struct Rule {
    std::string reply;
    int left = 0;
    bool always = false;
    std::string only;
  };
  struct Session;
  Task<void> Serve(std::shared_ptr<Session> session);
  Task<bool> Obey(Session& s);
  Task<bool> TakeLine(Session& s);
  Task<bool> Answer(Session& s, const std::string& step, std::string reply);
  Task<void> Pause(Session& s, Duration pause);
  Task<bool> StartTls(Session& s);
  Task<bool> Recipient(Session& s);
  Task<bool> Body(Session& s);
  Task<bool> Chunk(Session& s);
  Task<bool> Taken(Session& s, std::string content);
  std::string ReplyAt(const std::string& step, const std::string& rcpt, std::string otherwise);

  EventLoop& loop_;
  Book& book_;
  const std::string name_;
  const Endpoint where_;
  std::vector<std::string> keywords_ = {"PIPELINING", "8BITMIME"};
  std::map<std::string, std::vector<Rule>> rules_;
  std::map<std::string, Duration> pauses_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace convoy::effects
