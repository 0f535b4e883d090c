// Policies fetched by real HTTPS from a server of this test.
#include "sts/https_fetcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "dns/table_resolver.h"
#include "runtime/kernel_loop.h"
#include "runtime/kernel_network.h"
#include "runtime/test_certificate.h"
#include "runtime/tls.h"

namespace convoy::sts {
namespace {

constexpr char kPolicy[] = "version: STSv1\r\nmode: none\r\nmax_age: 60\r\n";

// Answers every request with `response` and closes.
class WebServer {
 public:
  WebServer(KernelNetwork& network, const TestCertificate& files)
      : context_(*TlsContext::Server(
            {.certificate_file = files.certificate_file, .key_file = files.key_file})) {
    listener_ =
        *network.Listen({IpAddress::V4(127, 0, 0, 1), 0}, [this](std::unique_ptr<Stream> stream) {
          ++connections;
          Spawn(Serve(std::move(stream)));
        });
  }
  uint16_t port() const { return listener_->local().port; }

  std::string response;
  std::string request;  // the last one
  int connections = 0;

 private:
  Task<void> Serve(std::unique_ptr<Stream> stream) {
    TlsRequest tls;
    tls.context = context_;
    tls.server = true;
    const auto info = co_await stream->Handshake(std::move(tls));
    if (!info.ok()) co_return;
    std::string got;
    while (got.find("\r\n\r\n") == std::string::npos) {
      char buffer[4096];
      const absl::StatusOr<size_t> n = co_await stream->Read(buffer, sizeof buffer);
      if (!n.ok() || *n == 0) co_return;
      got.append(buffer, *n);
    }
    request = got;
    if (response.empty()) {  // says nothing until the client goes
      char buffer[1];
      const absl::StatusOr<size_t> end = co_await stream->Read(buffer, 1);
      (void)end;
      co_return;
    }
    stream->Send(response);
    const absl::Status flushed = co_await stream->Flush();
    (void)flushed;
    stream->Close();
  }

  std::shared_ptr<const TlsContext> context_;
  std::unique_ptr<Listener> listener_;
};

class HttpsFetcherTest : public testing::Test {
 protected:
  HttpsFetcherTest() {
    for (const char* domain : {"a.example", "b.example"}) {
      dns_.AddAddress(Cat("mta-sts.", domain), IpAddress::V4(127, 0, 0, 1));
    }
  }
  static std::string Response(std::string_view status, std::string_view type,
                              std::string_view body) {
    return Cat("HTTP/1.1 ", status, "\r\nContent-Type: ", type, "\r\nContent-Length: ", body.size(),
               "\r\n\r\n", body);
  }
  absl::StatusOr<std::string> Fetch(const std::string& domain = "a.example") {
    HttpsFetcher fetcher(loop_, dns_, {.ca_file = files_.ca_file, .port = server_.port()});
    std::optional<absl::StatusOr<std::string>> got;
    fetcher.Fetch(domain, [&](absl::StatusOr<std::string> text) { got = std::move(text); });
    EXPECT_FALSE(got.has_value());
    loop_.RunUntilTrue([&] { return got.has_value(); }, loop_.MonoNow() + Seconds(60));
    return got.value_or(absl::UnknownError("no answer"));
  }

  KernelLoop loop_;
  KernelNetwork network_{loop_};
  dns::TableResolver dns_{loop_};
  TestCertificate files_ = WriteTestCertificate(testing::TempDir(), "web", "mta-sts.a.example");
  WebServer server_{network_, files_};
};

TEST_F(HttpsFetcherTest, MS03_ThePolicyIsAtTheWellKnownPlace) {
  server_.response = Response("200 OK", "text/plain; charset=utf-8", kPolicy);
  const auto text = Fetch();
  ASSERT_TRUE(text.ok()) << text.status();
  EXPECT_EQ(*text, kPolicy);
  EXPECT_TRUE(server_.request.starts_with("GET /.well-known/mta-sts.txt HTTP/1.1\r\n"));
  EXPECT_NE(server_.request.find("Host: mta-sts.a.example"), std::string::npos);
}

TEST_F(HttpsFetcherTest, MS03_ARedirectIsNotFollowed) {
  server_.response =
      Cat("HTTP/1.1 301 Moved\r\nLocation: https://mta-sts.a.example:", server_.port(),
          "/elsewhere\r\nContent-Length: 0\r\n\r\n");
  const auto text = Fetch();
  EXPECT_EQ(text.status().message(), "HTTP status 301");
  EXPECT_EQ(server_.connections, 1);
}

TEST_F(HttpsFetcherTest, MS03_OnlyTwoHundredCounts) {
  for (const char* status : {"203 Other", "404 Not Found", "500 Broken"}) {
    server_.response = Response(status, "text/plain", kPolicy);
    EXPECT_TRUE(absl::IsInvalidArgument(Fetch().status())) << status;
  }
}

TEST_F(HttpsFetcherTest, MS03_OnlyPlainTextCounts) {
  for (const char* type : {"text/html", "text/plainer", ""}) {
    server_.response = Response("200 OK", type, kPolicy);
    EXPECT_TRUE(absl::IsInvalidArgument(Fetch().status())) << type;
  }
}

TEST_F(HttpsFetcherTest, MS03_TheCertificateMustBeForTheName) {
  server_.response = Response("200 OK", "text/plain", kPolicy);
  EXPECT_TRUE(absl::IsFailedPrecondition(Fetch("b.example").status())) << Fetch().status();
  EXPECT_EQ(server_.request.find("b.example"), std::string::npos);
}

TEST_F(HttpsFetcherTest, MS03_TheCertificateMustBeOfAnAuthority) {
  server_.response = Response("200 OK", "text/plain", kPolicy);
  files_.ca_file = WriteTestCertificate(testing::TempDir(), "other", "x").ca_file;
  EXPECT_TRUE(absl::IsFailedPrecondition(Fetch().status()));
  EXPECT_EQ(server_.request, "");
}

TEST_F(HttpsFetcherTest, MS03_ALongAnswerIsCutOff) {
  server_.response = Response("200 OK", "text/plain", std::string(kPolicyBytesMax, 'x'));
  EXPECT_TRUE(Fetch().ok());
  server_.response = Response("200 OK", "text/plain", std::string(kPolicyBytesMax + 1, 'x'));
  EXPECT_TRUE(absl::IsInvalidArgument(Fetch().status()));
}

TEST_F(HttpsFetcherTest, WithoutAnAddressThereIsNoPolicy) {
  const auto text = Fetch("c.example");
  EXPECT_TRUE(absl::IsUnavailable(text.status()));
  EXPECT_NE(text.status().message().find("mta-sts.c.example"), std::string::npos);
}

TEST_F(HttpsFetcherTest, ItGoesWhileAFetchIsUnderWay) {
  bool answered = false;
  {
    HttpsFetcher fetcher(loop_, dns_, {.ca_file = files_.ca_file, .port = server_.port()});
    fetcher.Fetch("a.example", [&](const auto&) { answered = true; });
    EXPECT_TRUE(loop_.RunUntilTrue([&] { return !server_.request.empty(); },
                                   loop_.MonoNow() + Seconds(60)));
  }
  loop_.RunUntilTrue([] { return false; }, loop_.MonoNow() + Milliseconds(50));
  EXPECT_FALSE(answered);
}

}  // namespace
}  // namespace convoy::sts
