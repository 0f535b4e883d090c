#include "shard/node/sts_store.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::shard {
namespace {

constexpr std::string_view kPrefix = "sts/";
constexpr std::string_view kEnd = "sts0";  // the octet after '/'

}  // namespace

void StsStore::Save(const std::string& domain, std::string value) {
  KvBatch batch;
  batch.Put(Cf::kState, Cat(kPrefix, domain), value);
  spool_.Commit(std::move(batch), [](const absl::Status&) {});
}

void StsStore::Erase(const std::string& domain) {
  KvBatch batch;
  batch.Delete(Cf::kState, Cat(kPrefix, domain));
  spool_.Commit(std::move(batch), [](const absl::Status&) {});
}

absl::Status RestorePolicies(KvStore& store, sts::PolicyBook* book) {
  ASSIGN_OR_RETURN(const KvScan stored,
                   store.ScanNow({Cf::kState, std::string(kPrefix), std::string(kEnd)}, SIZE_MAX));
  for (const KvRow& row : stored.rows) book->Restore(row.key.substr(kPrefix.size()), row.value);
  return absl::OkStatus();
}

}  // namespace convoy::shard
