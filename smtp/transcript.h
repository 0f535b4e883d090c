// Conversations as test data: a file says what a scripted peer sends and what it expects to read.
//
//     # comment
//     @ option value             set-up, understood by the test that runs the file
//     S: 220 mx ESMTP            the server sends (or must send) this line; CRLF is added
//     C: EHLO client.example     the client
//     S- 250-half a li           the same without CRLF: raw bytes, only for the scripted side
//     ! wait 5m                  the scripted side: wait, close, half-close, reset, tls, or drain
//                                (read and ignore the rest)
//     @ only whole               only with the bytes cut in this way
//     = report 1 ...             an event the program under test must produce, in this order
//
// In texts \r \n \0 \\ and \xNN are what they are in C. An expected line that ends with `...`
// matches by its beginning. When the script is through it reads until the program closes; anything
// more is an error.
//
// Determinism: pure, given a virtual loop
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/event_loop.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/virtual_network.h"

namespace convoy::smtp {

struct Transcript {
  struct Step {
    enum class Kind { kSend, kExpect, kWait, kClose, kHalfClose, kReset, kTls, kDrain };
    Kind kind;
    int line = 0;      // in the file
    std::string text;  // bytes to send, or the line to expect without CRLF
    Duration wait{};
  };
  std::string path;
  char scripted = 'S';               // the side the script plays
  std::vector<std::string> options;  // without the "@ "
  std::vector<Step> steps;
  std::vector<std::string> events;  // without the "= "
};

// InvalidArgument names file and line.
absl::StatusOr<Transcript> ParseTranscript(std::string path, std::string_view text, char scripted);
// All *.smtp files of a directory, by name. Ends the process if one cannot be read.
std::vector<Transcript> LoadTranscripts(const std::string& directory, char scripted);
// A gtest name made from the file's.
std::string TranscriptName(const Transcript& transcript);
// "a\r\n" for the two-character escapes.
std::string Unescape(std::string_view text);
// "5m", "10s", "200ms".
Duration ParseWait(std::string_view text);

// Plays the scripted side until the program closes the connection. `*failure` says where it went
// wrong; empty: all as written.
Task<void> PlayTranscript(EventLoop& loop, std::unique_ptr<Stream> stream,
                          const Transcript& transcript, std::string* failure);

// The ways in which the bytes of a conversation are cut; a program must not care.
struct Cutting {
  std::string name;
  LinkOptions link;
  uint64_t seed;
};
std::vector<Cutting> AllCuttings();
// Those in which the transcript is to be played.
std::vector<Cutting> CuttingsFor(const Transcript& transcript);

}  // namespace convoy::smtp
