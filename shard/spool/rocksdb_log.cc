#include "shard/spool/rocksdb_log.h"

#include <cstdarg>
#include <cstdio>
#include <string_view>

#include "base/log.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr size_t kLineBytesMax = 1024;

class RocksDbLog final : public rocksdb::Logger {
 public:
  RocksDbLog() : Logger(rocksdb::InfoLogLevel::WARN_LEVEL) {}

  // Without a level: header lines of a log file.
  void Logv(const char*, va_list) override {}
  void Logv(const rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::InfoLogLevel::HEADER_LEVEL) return;
    char line[kLineBytesMax];
    std::vsnprintf(line, sizeof line, format, arguments);
    const std::string text = Escape(Trim(std::string_view(line)));
    if (level == rocksdb::InfoLogLevel::WARN_LEVEL) {
      LogWarning("rocksdb", text);
    } else {
      LogError("rocksdb", text);
    }
  }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeRocksDbLog() { return std::make_shared<RocksDbLog>(); }

}  // namespace convoy::shard
