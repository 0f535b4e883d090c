// Each library of //third_party once: a broken package or flag shows here, not in a daemon.

#include <benchmark/benchmark.h>
#include <curl/curl.h>
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <idn2.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <pcre2.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <re2/re2.h>
#include <rocksdb/db.h>
#include <unbound.h>
#include <zlib.h>

#include <CLI/CLI.hpp>
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast.hpp>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "tools/smoke/echo.grpc.pb.h"

namespace convoy {
namespace {

class EchoService final : public mta::smoke::v1::Echo::Service {
  grpc::Status Say(grpc::ServerContext*, const mta::smoke::v1::EchoRequest* request,
                   mta::smoke::v1::EchoResponse* response) override {
    response->set_text(request->text());
    return grpc::Status::OK;
  }
};

TEST(LibrariesTest, GrpcWithReflection) {
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  EchoService service;
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  ASSERT_NE(server, nullptr);

  const auto stub = mta::smoke::v1::Echo::NewStub(
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  mta::smoke::v1::EchoRequest request;
  request.set_text("hello");
  mta::smoke::v1::EchoResponse response;
  const grpc::Status status = stub->Say(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.text(), "hello");
  server->Shutdown();
}

TEST(LibrariesTest, ProtobufJson) {
  mta::smoke::v1::EchoRequest request;
  request.set_text("x");
  request.mutable_delay()->set_seconds(2);
  std::string json;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(request, &json).ok());
  EXPECT_EQ(nlohmann::json::parse(json)["delay"], "2s");
}

TEST(LibrariesTest, RocksDb) {
  const char* dir = std::getenv("TEST_TMPDIR");
  ASSERT_NE(dir, nullptr);
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, absl::StrCat(dir, "/db"), &raw).ok());
  const std::unique_ptr<rocksdb::DB> db(raw);
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), "key", "value").ok());
  std::string value;
  ASSERT_TRUE(db->Get(rocksdb::ReadOptions(), "key", &value).ok());
  EXPECT_EQ(value, "value");
}

TEST(LibrariesTest, Abseil) {
  absl::flat_hash_map<std::string, int> map = {{"a", 1}};
  EXPECT_EQ(map.at("a"), 1);
  const absl::StatusOr<int> missing = absl::NotFoundError("none");
  EXPECT_FALSE(missing.ok());
  EXPECT_EQ(absl::StrFormat("%s %d", absl::FormatDuration(absl::Seconds(90)), 7), "1m30s 7");
}

TEST(LibrariesTest, AsioTimerAndTls) {
  boost::asio::io_context loop;
  bool fired = false;
  boost::asio::post(loop, [&fired] { fired = true; });
  loop.run();
  EXPECT_TRUE(fired);
  boost::asio::ssl::context tls(boost::asio::ssl::context::tls_client);
  EXPECT_NE(tls.native_handle(), nullptr);
  EXPECT_EQ(boost::beast::http::to_string(boost::beast::http::verb::get), "GET");
}

TEST(LibrariesTest, SmallOnes) {
  EXPECT_TRUE(RE2::FullMatch("mx1.example", "mx\\d\\.example"));

  char* ascii = nullptr;
  ASSERT_EQ(idn2_lookup_u8(reinterpret_cast<const uint8_t*>("b\xc3\xbc"
                                                            "cher.example"),
                           reinterpret_cast<uint8_t**>(&ascii), IDN2_NFC_INPUT),
            IDN2_OK);
  EXPECT_STREQ(ascii, "xn--bcher-kva.example");
  idn2_free(ascii);

  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>("(a)\\1"), PCRE2_ZERO_TERMINATED, 0,
                                   &error, &offset, nullptr);
  EXPECT_NE(code, nullptr);
  pcre2_code_free(code);

  ub_ctx* resolver = ub_ctx_create();
  EXPECT_NE(resolver, nullptr);
  ub_ctx_delete(resolver);

  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EXPECT_NE(sha256, nullptr);
  EVP_MD_free(sha256);

  EXPECT_NE(zlibVersion(), nullptr);
  EXPECT_NE(curl_version(), nullptr);
}

TEST(LibrariesTest, PrometheusAndCommandLine) {
  prometheus::Registry registry;
  prometheus::BuildCounter().Name("sent_total").Register(registry).Add({}).Increment(3);
  EXPECT_THAT(prometheus::TextSerializer().Serialize(registry.Collect()),
              testing::HasSubstr("sent_total 3"));

  CLI::App app;
  int count = 0;
  app.add_option("--count", count);
  app.parse("--count 4");
  EXPECT_EQ(count, 4);
}

void BM_Nothing(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(state.iterations());
}
BENCHMARK(BM_Nothing);

}  // namespace
}  // namespace convoy
