// MTA-STS policies on disk.
//
//     kState: "sts/" DOMAIN -> what sts::PolicyBook gave
//
// Errors:    RestorePolicies: those of the store. A policy that a full disk keeps from being stored
//            is held in memory all the same
// Thread:    loop-affine; RestorePolicies before the loop runs
#pragma once

#include <string>

#include "absl/status/status.h"
#include "shard/spool/kv_store.h"
#include "shard/spool/spool.h"
#include "sts/policy_book.h"

namespace convoy::shard {

class StsStore final : public sts::PolicyStore {
 public:
  explicit StsStore(Spool& spool) : spool_(spool) {}
  void Save(const std::string& domain, std::string value) override;
  void Erase(const std::string& domain) override;

 private:
  Spool& spool_;
};

absl::Status RestorePolicies(KvStore& store, sts::PolicyBook* book);

}  // namespace convoy::shard
