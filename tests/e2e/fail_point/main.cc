// convoy-shard-fail-point: convoy-shard that ends at the fail point in $CONVOY_FAIL_POINT.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "shard/daemon/shard_daemon.h"
#include "tests/e2e/fail_point/fail_point_store.h"

int main(int argc, char** argv) {
  using convoy::shard::FailPointStore;
  using convoy::shard::KvStore;
  convoy::shard::ShardOptions options;
  if (const char* text = std::getenv("CONVOY_FAIL_POINT"); text != nullptr) {
    const auto point = convoy::shard::ParseFailPoint(text);
    if (!point.ok()) {
      std::fprintf(stderr, "CONVOY_FAIL_POINT: %s\n",
                   std::string(point.status().message()).c_str());
      return 2;
    }
    options.decorate_store = [point = *point](KvStore& store) -> std::unique_ptr<KvStore> {
      return std::make_unique<FailPointStore>(store, point);
    };
  }
  return convoy::shard::RunShardDaemon(argc, argv, std::move(options));
}
