// SigningService on the signing pool: finds the keys, signs with each, posts the fields back to the
// loop.
//
// Thread:    loop-affine; signatures are made on the pool's threads
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dkim/signing_pool.h"
#include "runtime/event_loop.h"
#include "shard/engine/signing_service.h"

namespace convoy::shard {

struct SigningKey {
  std::string selector;
  std::string domain;  // d=
  dkim::PrivateKey::Ptr key;
};
// The keys that sign for a From domain in a virtual MTA; empty: none.
using KeyLookup =
    std::function<std::vector<SigningKey>(std::string_view from_domain, std::string_view vmta)>;

// Signs at once on the caller's thread: the pool's job, and what the simulator uses.
absl::StatusOr<std::string> SignWith(const SigningKey& key, const SignRequest& request);

class PoolSigner final : public SigningService {
 public:
  // `pool` and `loop` outlive this object; the pool is stopped before the loop ends.
  PoolSigner(EventLoop& loop, dkim::SigningPool& pool, KeyLookup keys)
      : loop_(loop), pool_(pool), keys_(std::move(keys)) {}
  void Sign(SignRequest request, SignDone done) override;
  size_t depth() const override { return pool_.depth(); }

 private:
  EventLoop& loop_;
  dkim::SigningPool& pool_;
  const KeyLookup keys_;
};

}  // namespace convoy::shard
