#include "shard/node/account_options.h"

#include <utility>

#include "base/status_macros.h"

namespace convoy::shard {

absl::StatusOr<CsvProjectorOptions> AccountOptionsFrom(const config::Config& config) {
  CsvProjectorOptions options;
  for (const config::AcctFile& file : config.acct_files()) {
    AcctFileOptions output;
    output.path = file.path;
    output.types.clear();
    for (const std::string& record : file.records) {
      ASSIGN_OR_RETURN(const EventType type, ParseEventType(record));
      output.types.push_back(type);
    }
    output.max_size_bytes = static_cast<uint64_t>(file.max_size);
    options.files.push_back(std::move(output));
  }
  return options;
}

}  // namespace convoy::shard
