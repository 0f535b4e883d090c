// The content in a client session: DATA or BDAT, whole or in blocks, and the next envelope behind
// it.

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "smtp/client_session.h"
#include "smtp/client_transaction.h"
#include "smtp/envelope.h"

namespace convoy::smtp {
namespace {

// Of a body given to the stream at once; a larger body goes in blocks.
constexpr size_t kQueuedBytesMax = 128 * 1024;

// Part of a body, which lives until it has been written.
SharedBytes Block(const std::shared_ptr<const WireBody>& body, std::string_view bytes) {
  return SharedBytes(std::shared_ptr<const std::string>(body, nullptr), bytes);
}

size_t OctetsOf(const std::vector<SharedBytes>& pieces) {
  size_t octets = 0;
  for (const SharedBytes& piece : pieces) octets += piece.size();
  return octets;
}

}  // namespace

// 354 although nobody is left to receive: a lone dot, whose reply means nothing (RFC 2920 3.1).
Task<bool> ClientSession::EndEmptyData() {
  stream_.Send(std::string(".\r\n"));
  const bool replied = co_await Expect(Phase::kBody, options_.timeouts.body);
  co_return replied;
}

// The content and what ends it, and behind it in the same write the next envelope (RFC 2920 3.1).
Task<bool> ClientSession::SendBody() {
  const WireBody& body = *current_->attempt.body;
  if (chunking_) {
    std::string command;
    AppendBdat(body, &command);
    stream_.Send(std::move(command));
  }
  const bool sent = co_await SendPieces(chunking_ ? body.chunk() : body.pieces());
  if (!sent) co_return false;
  if (!chunking_) {
    OpenDuplicateWindow();
    stream_.Send(std::string(".\r\n"));
  }
  if (pipelining_) SendNextEnvelope();
  co_return true;
}

// What leaves now makes the content whole: the server may act on it.
void ClientSession::OpenDuplicateWindow() {
  current_->OpenDuplicateWindow();
  source_.FinalDotSent(current_->attempt.id);
}

// A BDAT that fails leaves the server in a state that only RSET ends (RFC 3030 2), and whether it
// fails is not known yet.
void ClientSession::SendNextEnvelope() {
  next_ = TakeNext();
  if (next_ == nullptr || next_->decided()) return;
  std::string out;
  if (chunking_) out.append("RSET\r\n");
  next_->reset_first = chunking_;
  AppendEnvelope(next_->attempt, next_->asked, !chunking_, peer_.capabilities, &out);
  next_->written = true;
  stream_.Send(std::move(out));
}

Task<bool> ClientSession::SendPieces(const std::vector<SharedBytes>& pieces) {
  if (OctetsOf(pieces) > kQueuedBytesMax) co_return co_await SendBlocks(pieces);
  if (chunking_) OpenDuplicateWindow();
  for (const SharedBytes& piece : pieces) stream_.Send(piece);
  co_return true;
}

// A body too large to be queued whole. A server may refuse it before its end; the rest is not sent
// then, and the connection cannot be used any more.
Task<bool> ClientSession::SendBlocks(const std::vector<SharedBytes>& pieces) {
  input_.ReadAhead();
  size_t left = OctetsOf(pieces);
  for (const SharedBytes& piece : pieces) {
    for (size_t at = 0; at < piece.size(); at += kQueuedBytesMax) {
      const std::string_view block = piece.view().substr(at, kQueuedBytesMax);
      left -= block.size();
      if (chunking_ && left == 0) OpenDuplicateWindow();
      stream_.Send(Block(current_->attempt.body, block));
      stream_.SetDeadline(loop_.MonoNow() + options_.timeouts.block);
      const absl::Status flushed = co_await stream_.Flush(kQueuedBytesMax);
      const absl::StatusOr<bool> early = TakeBufferedReply();
      if (!early.ok()) co_return LoseAt(Phase::kBody, early.status());
      if (*early) {
        if (chunking_ && BdatUnknown()) co_return LoseForBdat();
        if (reply_.Refusal()) {
          lost_ = true;
          co_return EndAt(Phase::kBody, reply_);
        }
        co_return LoseAt(Phase::kBody, absl::InvalidArgumentError("a reply before the end"));
      }
      if (!flushed.ok()) co_return LoseAt(Phase::kBody, flushed);
      if (!input_.status().ok()) co_return LoseAt(Phase::kBody, input_.status());
    }
  }
  co_return true;
}

// What follows a command that a server does not know is read by it as commands: nothing more may be
// said on this connection.
bool ClientSession::BdatUnknown() const { return reply_.code >= 500 && reply_.code <= 504; }

bool ClientSession::LoseForBdat() {
  end_.chunking_broken = true;
  current_->CloseDuplicateWindow();
  return LoseAt(Phase::kBody, absl::InvalidArgumentError(
                                  Cat(reply_.code, " in answer to BDAT, which was offered")));
}

}  // namespace convoy::smtp
