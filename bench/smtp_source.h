// One SMTP session of the load source: sends messages one after another over a blocking socket.
//
// Independent of smtp/ on purpose, like the sink. Uses PIPELINING for the envelope when offered.
//
// Errors:    a refused connection is retried until the given deadline; a lost one gives the message
//            in flight the fate "unknown" when its content had been sent
// Thread:    one thread per session
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/time_types.h"
#include "bench/source_ledger.h"
#include "bench/source_plan.h"

namespace convoy::bench {

class SmtpSource {
 public:
  struct Options {
    Endpoint server;
    std::string helo = "source.test";
    uint64_t messages_per_connection = 100;
    Duration connect_patience = Seconds(10);
  };
  SmtpSource(Options options, const SourcePlan& plan, SourceLedger& ledger)
      : options_(std::move(options)), plan_(plan), ledger_(ledger) {}
  ~SmtpSource() { Disconnect(); }
  SmtpSource(const SmtpSource&) = delete;
  SmtpSource& operator=(const SmtpSource&) = delete;

  // Sends the messages whose numbers `next` gives, until it gives none.
  void Run(const std::function<std::optional<uint64_t>()>& next);

 private:
  bool Connect();
  bool ConnectOnce();
  void Disconnect();
  void SendOne(uint64_t number);
  bool Write(std::string_view bytes);
  // The last line of the next reply; "" when the connection is lost.
  std::string ReadReply();
  std::string ReadLine();

  const Options options_;
  const SourcePlan& plan_;
  SourceLedger& ledger_;
  int fd_ = -1;
  bool pipelining_ = false;
  uint64_t sent_here_ = 0;
  std::string input_;
};

}  // namespace convoy::bench
