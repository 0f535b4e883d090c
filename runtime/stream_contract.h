// The promises of runtime/stream.h as tests, for every implementation of Network.
//
// A world is default-constructible and has loop(), network(), RunUntil(condition) -> bool (false if
// the condition did not come true within a generous limit) and here(): an address to listen on.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "runtime/stream.h"
#include "runtime/task.h"
#include "runtime/test_reader.h"

namespace convoy {

template <typename World>
class StreamContract : public testing::Test {
 protected:
  // A connected pair: client_ and server_.
  void Connect() {
    auto listening = world_.network().Listen(
        {.ip = world_.here(), .port = 0},
        [this](std::unique_ptr<Stream> stream) { server_ = std::move(stream); });
    ASSERT_TRUE(listening.ok()) << listening.status().ToString();
    listener_ = *std::move(listening);
    ConnectRequest request;
    request.peer = listener_->local();
    world_.network().StartConnect(request, [this](auto result) {
      ASSERT_TRUE(result.ok()) << result.status().ToString();
      client_ = *std::move(result);
    });
    ASSERT_TRUE(world_.RunUntil([&] { return client_ != nullptr && server_ != nullptr; }));
  }

  World world_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Stream> client_;
  std::unique_ptr<Stream> server_;
};

TYPED_TEST_SUITE_P(StreamContract);

TYPED_TEST_P(StreamContract, EndpointsAgree) {
  this->Connect();
  EXPECT_EQ(this->client_->peer(), this->listener_->local());
  EXPECT_EQ(this->server_->local(), this->client_->peer());
  EXPECT_EQ(this->server_->peer(), this->client_->local());
}

TYPED_TEST_P(StreamContract, BytesArriveInOrderAndTheEndIsReadAsZero) {
  this->Connect();
  std::string sent;
  for (int i = 0; i < 2000; ++i) {
    const std::string line = "line " + std::to_string(i) + "\r\n";
    sent += line;
    this->client_->Send(line);
  }
  EXPECT_EQ(this->client_->queued_bytes(), sent.size());
  std::string received;
  absl::Status read;
  bool ended = false;
  Spawn(ReadAllInto(*this->server_, &received, &read, &ended));
  bool flushed = false;
  this->client_->StartFlush(0, [&](absl::Status status) {
    EXPECT_TRUE(status.ok());
    flushed = true;
    this->client_->Close();
  });
  EXPECT_FALSE(flushed);  // never from inside the call
  ASSERT_TRUE(this->world_.RunUntil([&] { return ended; }));
  EXPECT_TRUE(read.ok()) << read.ToString();
  EXPECT_EQ(received, sent);
}

TYPED_TEST_P(StreamContract, AReadFlushesWhatIsQueued) {
  this->Connect();
  char client_buffer[16];
  char server_buffer[16];
  std::string answer;
  this->client_->Send("ping");
  this->client_->StartRead(client_buffer, sizeof client_buffer, [&](auto n) {
    ASSERT_TRUE(n.ok());
    answer.assign(client_buffer, *n);
  });
  this->server_->StartRead(server_buffer, 4, [&](auto n) {
    ASSERT_TRUE(n.ok());
    this->server_->Send("pong");
    this->server_->StartFlush(0, [](auto) {});
  });
  ASSERT_TRUE(this->world_.RunUntil([&] { return answer == "pong"; }));
}

TYPED_TEST_P(StreamContract, ASlowReaderHoldsTheWriterButNotItsReads) {
  this->Connect();
  const std::string big(32 << 20, 'x');
  this->client_->Send(big);
  bool flushed = false;
  this->client_->StartFlush(1 << 20, [&](absl::Status status) {
    EXPECT_TRUE(status.ok());
    flushed = true;
  });
  char byte = 0;
  bool read = false;
  this->client_->StartRead(&byte, 1, [&](auto n) { read = n.ok() && *n == 1; });
  this->server_->Send("!");
  this->server_->StartFlush(0, [](auto) {});
  ASSERT_TRUE(this->world_.RunUntil([&] { return read; }));
  EXPECT_FALSE(flushed);
  EXPECT_GT(this->client_->queued_bytes(), size_t{1} << 20);
  std::string received;
  absl::Status status;
  bool ended = false;
  Spawn(ReadAllInto(*this->server_, &received, &status, &ended));
  ASSERT_TRUE(this->world_.RunUntil([&] { return flushed; }));
  EXPECT_LE(this->client_->queued_bytes(), size_t{1} << 20);
  ASSERT_TRUE(this->world_.RunUntil([&] { return this->client_->queued_bytes() == 0; }));
  this->client_->Close();
  ASSERT_TRUE(this->world_.RunUntil([&] { return ended; }));
  EXPECT_EQ(received.size(), big.size());
}

TYPED_TEST_P(StreamContract, CloseEndsPendingOperationsInALaterTurn) {
  this->Connect();
  char buffer[8];
  absl::Status read;
  bool ended = false;
  this->client_->StartRead(buffer, sizeof buffer, [&](auto n) {
    read = n.status();
    ended = true;
  });
  this->client_->Close();
  EXPECT_FALSE(ended);
  ASSERT_TRUE(this->world_.RunUntil([&] { return ended; }));
  EXPECT_TRUE(absl::IsCancelled(read)) << read.ToString();
  absl::Status later;
  this->client_->StartFlush(0, [&](absl::Status s) { later = s; });
  ASSERT_TRUE(this->world_.RunUntil([&] { return !later.ok(); }));
  EXPECT_TRUE(absl::IsCancelled(later)) << later.ToString();
}

TYPED_TEST_P(StreamContract, ADeadlineFailsPendingAndLaterOperations) {
  this->Connect();
  this->client_->SetDeadline(this->world_.loop().MonoNow() + Milliseconds(20));
  char buffer[8];
  absl::Status read;
  this->client_->StartRead(buffer, sizeof buffer, [&](auto n) { read = n.status(); });
  ASSERT_TRUE(this->world_.RunUntil([&] { return !read.ok(); }));
  EXPECT_TRUE(absl::IsDeadlineExceeded(read)) << read.ToString();
  absl::Status later;
  this->client_->StartRead(buffer, sizeof buffer, [&](auto n) { later = n.status(); });
  ASSERT_TRUE(this->world_.RunUntil([&] { return !later.ok(); }));
  EXPECT_TRUE(absl::IsDeadlineExceeded(later)) << later.ToString();
}

TYPED_TEST_P(StreamContract, ClosingWithUnreadBytesResetsThePeer) {
  this->Connect();
  this->client_->Send("nobody reads this");
  bool flushed = false;
  this->client_->StartFlush(0, [&](auto) { flushed = true; });
  char buffer[4];
  bool some = false;
  this->server_->StartRead(buffer, sizeof buffer, [&](auto) { some = true; });
  ASSERT_TRUE(this->world_.RunUntil([&] { return flushed && some; }));
  // All of it has arrived once the peer has some and nothing is under way in either world.
  this->world_.Settle();
  this->server_->Close();
  absl::Status read;
  char byte;
  this->client_->StartRead(&byte, 1, [&](auto n) { read = n.status(); });
  ASSERT_TRUE(this->world_.RunUntil([&] { return !read.ok(); }));
  EXPECT_TRUE(absl::IsUnavailable(read)) << read.ToString();
}

TYPED_TEST_P(StreamContract, WritingToAClosedPeerFailsInTheEnd) {
  this->Connect();
  this->server_->Close();
  absl::Status lost;
  std::string unused;
  bool ended = false;
  Spawn(ReadAllInto(*this->client_, &unused, &lost, &ended));
  ASSERT_TRUE(this->world_.RunUntil([&] { return ended; }));
  EXPECT_TRUE(lost.ok()) << lost.ToString();  // the orderly end
  for (int i = 0; i < 100 && lost.ok(); ++i) {
    bool done = false;
    this->client_->Send("still there?");
    this->client_->StartFlush(0, [&](absl::Status s) {
      lost = s;
      done = true;
    });
    ASSERT_TRUE(this->world_.RunUntil([&] { return done; }));
    this->world_.Settle();
  }
  EXPECT_TRUE(absl::IsUnavailable(lost)) << lost.ToString();
}

TYPED_TEST_P(StreamContract, ARefusedConnectIsUnavailable) {
  this->Connect();
  const Endpoint gone = this->listener_->local();
  this->listener_.reset();
  absl::Status status;
  ConnectRequest request;
  request.peer = gone;
  this->world_.network().StartConnect(request, [&](auto r) { status = r.status(); });
  EXPECT_TRUE(status.ok());
  ASSERT_TRUE(this->world_.RunUntil([&] { return !status.ok(); }));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status.ToString();
}

TYPED_TEST_P(StreamContract, APausedListenerAcceptsAfterResume) {
  std::vector<std::unique_ptr<Stream>> accepted;
  auto listener = this->world_.network().Listen(
      {.ip = this->world_.here(), .port = 0},
      [&](std::unique_ptr<Stream> s) { accepted.push_back(std::move(s)); });
  ASSERT_TRUE(listener.ok());
  (*listener)->Pause();
  std::vector<std::unique_ptr<Stream>> connected;
  for (int i = 0; i < 3; ++i) {
    ConnectRequest request;
    request.peer = (*listener)->local();
    this->world_.network().StartConnect(request, [&](auto r) {
      ASSERT_TRUE(r.ok());
      connected.push_back(*std::move(r));
    });
  }
  ASSERT_TRUE(this->world_.RunUntil([&] { return connected.size() == 3; }));
  this->world_.Settle();
  EXPECT_TRUE(accepted.empty());
  (*listener)->Resume();
  ASSERT_TRUE(this->world_.RunUntil([&] { return accepted.size() == 3; }));
}

TYPED_TEST_P(StreamContract, APortIsListenedOnOnce) {
  this->Connect();
  const auto again = this->world_.network().Listen(this->listener_->local(), [](auto) {});
  EXPECT_TRUE(absl::IsFailedPrecondition(again.status())) << again.status().ToString();
}

REGISTER_TYPED_TEST_SUITE_P(StreamContract, EndpointsAgree, BytesArriveInOrderAndTheEndIsReadAsZero,
                            AReadFlushesWhatIsQueued, ASlowReaderHoldsTheWriterButNotItsReads,
                            CloseEndsPendingOperationsInALaterTurn,
                            ADeadlineFailsPendingAndLaterOperations,
                            ClosingWithUnreadBytesResetsThePeer, WritingToAClosedPeerFailsInTheEnd,
                            ARefusedConnectIsUnavailable, APausedListenerAcceptsAfterResume,
                            APortIsListenedOnOnce);

}  // namespace convoy
