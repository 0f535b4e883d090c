#include "dns/unbound_resolver.h"

#include <utility>

#include "base/status_macros.h"
#include "dns/unbound_thread.h"

namespace convoy::dns {
namespace {

DnsAnswer NoAnswer(std::string detail) {
  DnsAnswer answer;
  answer.status = DnsStatus::kTimeout;
  answer.detail = std::move(detail);
  return answer;
}

}  // namespace

absl::StatusOr<std::unique_ptr<UnboundResolver>> UnboundResolver::Create(EventLoop& loop,
                                                                         const Options& options) {
  std::unique_ptr<UnboundResolver> resolver(new UnboundResolver(loop, options));
  RETURN_IF_ERROR(resolver->thread_->Start(options));
  return resolver;
}

UnboundResolver::UnboundResolver(EventLoop& loop, const Options& options)
    : loop_(loop), options_(options), self_(std::make_shared<UnboundResolver*>(this)) {
  thread_ = std::make_unique<UnboundThread>([&loop, self = self_](int64_t id, DnsAnswer answer) {
    loop.Post([self, id, answer = std::move(answer)]() mutable {
      if (*self != nullptr) (*self)->Answered(id, std::move(answer));
    });
  });
}

UnboundResolver::~UnboundResolver() {
  *self_ = nullptr;  // read on the loop only
  thread_.reset();
  for (auto& [id, pending] : pending_) {
    loop_.Cancel(pending.timer);
    loop_.Post([done = std::move(pending.done)]() mutable { done(NoAnswer("resolver stopped")); });
  }
}

void UnboundResolver::Resolve(std::string name, RecordType type, AnswerDone done) {
  const int64_t id = ++last_id_;
  Pending& pending = pending_[id];
  pending.done = std::move(done);
  pending.timer = loop_.CallAfter(options_.timeout, [this, id] { TimedOut(id); });
  waiting_.push_back({.id = id, .name = NormalName(name), .type = type});
  AskMore();
}

void UnboundResolver::AskMore() {
  while (in_flight_ < options_.in_flight_max && !waiting_.empty()) {
    Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    const auto found = pending_.find(next.id);
    if (found == pending_.end()) continue;  // timed out before its turn
    found->second.asked = true;
    ++in_flight_;
    thread_->Ask(next.id, std::move(next.name), next.type);
  }
}

void UnboundResolver::Answered(int64_t id, DnsAnswer answer) {
  const auto found = pending_.find(id);
  if (found == pending_.end()) return;  // came after its timeout
  Pending pending = std::move(found->second);
  pending_.erase(found);
  loop_.Cancel(pending.timer);
  if (pending.asked) --in_flight_;
  AskMore();
  pending.done(std::move(answer));
}

void UnboundResolver::TimedOut(int64_t id) {
  const auto found = pending_.find(id);
  if (found != pending_.end() && found->second.asked) thread_->Forget(id);
  Answered(id, NoAnswer("no answer in time"));
}

}  // namespace convoy::dns
