#include "tests/e2e/fail_point/fail_point_store.h"

#include <signal.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.h"

namespace convoy::shard {
namespace {

[[noreturn]] void EndProcess() {
  kill(getpid(), SIGKILL);
  std::abort();
}

}  // namespace

absl::StatusOr<FailPoint> ParseFailPoint(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  FailPoint point;
  point.durable = name.starts_with("after-");
  if (name.ends_with("-outcome")) point.batch = FailPoint::Batch::kOutcome;
  const bool known = name == "before-accept" || name == "after-accept" ||
                     name == "before-outcome" || name == "after-outcome";
  const auto count =
      colon == std::string_view::npos ? std::nullopt : ParseUint(text.substr(colon + 1));
  if (!known || count.value_or(0) == 0) {
    return absl::InvalidArgumentError(
        Cat("'", text, "': want before-accept, after-accept, before-outcome or after-outcome, ",
            "then :N"));
  }
  point.count = *count;
  return point;
}

// A new message puts its envelope; an outcome takes a row away.
bool FailPointStore::Matches(const KvBatch& batch) const {
  for (size_t i = 0; i < batch.size(); ++i) {
    const KvBatch::Op op = batch.op(i);
    if (point_.batch == FailPoint::Batch::kAccept) {
      if (op.cf == Cf::kMessage && op.kind == KvBatch::Kind::kPut) return true;
    } else if (op.cf == Cf::kQueue && op.kind == KvBatch::Kind::kDelete) {
      return true;
    }
  }
  return false;
}

void FailPointStore::Commit(KvBatch batch, StatusDone done) {
  if (!Matches(batch) || ++seen_ < point_.count) {
    return store_.Commit(std::move(batch), std::move(done));
  }
  if (!point_.durable) EndProcess();
  store_.Commit(std::move(batch), [](const absl::Status&) { EndProcess(); });
}

}  // namespace convoy::shard
