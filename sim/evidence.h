// What the outside world saw of a run: clients' acknowledgements, receivers' deliveries, and what
// left the shards' sockets. The checkers (checkers.h) judge by this and by the disks alone.
//
// Limits:    one run
// Thread:    loop-affine
// Determinism: pure
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time_types.h"

namespace convoy::sim {

// One message of one client, however often it is submitted with its key.
using Token = uint64_t;
// (message, recipient address)
using Mail = std::pair<Token, std::string>;

// What a hostile run is made of. Over some dozens of seeds none of these may be missing, or the
// checkers have judged calm seas.
inline constexpr std::string_view kKinds[] = {
    "shard killed",
    "shard left",
    "coordinator killed",
    "cut from coordinator",
    "cut from shard",
    "one-way cut",
    "answer lost",
    "full disk",
    "DNS failure",
    "refused connection",
    "black hole",
    "greeting refused",
    "421 in session",
    "421 after messages",
    "451 to RCPT",
    "550 to RCPT",
    "452 to dot",
    "554 to dot",
    "closed at a step",
    "closed before the dot's reply",
    "taken and closed",
    "slow reply",
    "repeated key",
    "suppressed at submission",
    "suppression starts",
    "submission refused",
    "submission unanswered",
    "reload",
    "reload refused",
    "reload cut short",
    "version taken later",
};

// A final dot that a receiver answered with 250.
struct Delivery {
  MonoTime at{};
  int shard = 0;
  uint64_t run = 0;           // of that shard, counts its starts
  bool reply_unseen = false;  // the connection ended before the sender could have read the reply
};

struct Kill {
  MonoTime at{};
  int shard = 0;
};

struct Evidence {
  std::map<Mail, bool> acknowledged;         // false: as suppressed
  std::map<std::string, Token> token_of_id;  // 16 octets
  std::map<Mail, std::vector<Delivery>> deliveries;
  std::vector<Kill> kills;
  std::map<Mail, int> forwards_unknown;  // committed at the owner, whose answer was lost
  uint64_t submissions = 0;
  std::map<Token, int> submissions_of;
  uint64_t refused = 0;  // answered with an error
  uint64_t unanswered = 0;
  // How often each kind of disaster and trouble has come about, by name (kKinds).
  std::map<std::string, uint64_t, std::less<>> happened;

  void Happened(std::string_view kind) { ++happened[std::string(kind)]; }
  // The first broken invariant, seen while running; empty: none.
  std::string broken;

  void Break(std::string what) {
    if (broken.empty()) broken = std::move(what);
  }
};

std::string SenderOf(Token token);          // t7@client.test
Token TokenOf(std::string_view mail_from);  // 0: not ours

}  // namespace convoy::sim
