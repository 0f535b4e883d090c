#include "shard/rpc/rpc_server.h"

#include <gtest/gtest.h>

#include "runtime/kernel_loop.h"

namespace convoy::shard {
namespace {

absl::Status Check(const char* listen, bool allow_insecure) {
  const absl::StatusOr<Endpoint> endpoint = Endpoint::Parse(listen);
  EXPECT_TRUE(endpoint.ok()) << listen;
  return CheckRpcListen(*endpoint, allow_insecure);
}

TEST(RpcServerTest, OnlyLoopbackUnlessInsecureListeningIsAllowed) {
  for (const char* good : {"127.0.0.1:0", "127.1.2.3:70", "[::1]:0"}) {
    EXPECT_TRUE(Check(good, false).ok()) << good;
  }
  for (const char* exposed : {"192.0.2.1:70", "10.0.0.2:7401", "[2001:db8::1]:70"}) {
    const absl::Status refused = Check(exposed, false);
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << exposed;
    EXPECT_NE(refused.message().find("--allow-insecure-listen"), std::string::npos) << refused;
    EXPECT_TRUE(Check(exposed, true).ok()) << exposed;
  }
}

TEST(RpcServerTest, AddressThatNobodyCanCallIsRefused) {
  for (const char* nowhere : {"0.0.0.0:7401", "[::]:7401"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Check(nowhere, true))) << nowhere;
  }
}

TEST(RpcServerTest, StartAsksTheCheck) {
  KernelLoop loop;
  const RpcHooks hooks;
  EXPECT_TRUE(absl::IsInvalidArgument(RpcServer::Start("192.0.2.1:0", loop, hooks).status()));
  // Allowed; whether it can be bound depends on the addresses of the machine.
  const auto allowed = RpcServer::Start("192.0.2.1:0", loop, hooks, /*allow_insecure=*/true);
  EXPECT_TRUE(allowed.ok() || absl::IsUnavailable(allowed.status())) << allowed.status();
  if (allowed.ok()) (*allowed)->Shutdown(Seconds(1));
}

}  // namespace
}  // namespace convoy::shard
