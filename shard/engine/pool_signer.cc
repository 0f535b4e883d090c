#include "shard/engine/pool_signer.h"

#include <utility>

#include "base/text.h"

namespace convoy::shard {
namespace {

dkim::SignOptions OptionsFor(const SigningKey& key, const SignRequest& request) {
  dkim::SignOptions options;
  options.domain = key.domain;
  options.selector = key.selector;
  options.timestamp = request.now;
  return options;
}

// Without the blank line that ends it.
std::string_view HeaderOf(const SignRequest& request) {
  return request.content.view().substr(0, request.header_bytes - 2);
}

// The fields of several keys, gathered until the last one is made.
struct Gathering {
  size_t left = 0;
  std::string fields;
  absl::Status status;
  SignDone done;
};

}  // namespace

absl::StatusOr<std::string> SignWith(const SigningKey& key, const SignRequest& request) {
  return dkim::Sign(*key.key, OptionsFor(key, request), HeaderOf(request), request.body_hash);
}

void PoolSigner::Sign(SignRequest request, SignDone done) {
  const std::vector<SigningKey> keys = keys_(request.from_domain, request.vmta);
  if (keys.empty()) {
    loop_.Post([done = std::move(done), domain = request.from_domain]() mutable {
      done(absl::NotFoundError(Cat("no domain-key signs for '", domain, "'")));
    });
    return;
  }
  auto gathering = std::make_shared<Gathering>();
  gathering->left = keys.size();
  gathering->done = std::move(done);
  const auto made = [this, gathering](absl::StatusOr<std::string> field) {
    loop_.Post([gathering, field = std::move(field)]() mutable {
      if (field.ok()) {
        gathering->fields += *field;
      } else {
        gathering->status = field.status();
      }
      if (--gathering->left > 0) return;
      if (gathering->status.ok()) {
        gathering->done(std::move(gathering->fields));
      } else {
        gathering->done(gathering->status);
      }
    });
  };
  for (const SigningKey& key : keys) {
    dkim::SigningJob job;
    job.key = key.key;
    job.options = OptionsFor(key, request);
    job.header_block = HeaderOf(request);
    job.body_hash = request.body_hash;
    dkim::SigningPool::Callback callback = made;
    if (!pool_.Submit(std::move(job), std::move(callback))) {
      made(absl::ResourceExhaustedError("the signing pool is full"));
    }
  }
}

}  // namespace convoy::shard
