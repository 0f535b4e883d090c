#include "dns/unbound_thread.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#include <utility>

#include "base/check.h"
#include "base/status_macros.h"
#include "base/text.h"
#include "dns/rdata.h"

namespace convoy::dns {
namespace {

constexpr int kClassIn = 1;
constexpr int kRcodeNxDomain = 3;

absl::Status Set(ub_ctx* context, const char* option, const std::string& value) {
  const int error = ub_ctx_set_option(context, option, value.c_str());
  if (error == 0) return absl::OkStatus();
  return absl::InvalidArgumentError(
      Cat("libunbound refuses ", option, ' ', value, ": ", ub_strerror(error)));
}

absl::Status UseServers(ub_ctx* context, const UnboundResolver::Options& options) {
  for (const Endpoint& server : options.servers) {
    const std::string text = Cat(server.ip.ToString(), '@', server.port);
    if (const int error = ub_ctx_set_fwd(context, text.c_str()); error != 0) {
      return absl::InvalidArgumentError(
          Cat("libunbound refuses the name server ", text, ": ", ub_strerror(error)));
    }
  }
  if (options.servers.empty() && !options.resolv_conf.empty()) {
    // A file that is missing or empty leaves recursion from the root.
    ub_ctx_resolvconf(context, options.resolv_conf.c_str());
  }
  return absl::OkStatus();
}

absl::Status BadAnchor(const UnboundResolver::Options& options, std::string_view why) {
  return absl::InvalidArgumentError(
      Cat("cannot use the trust anchor file '", options.trust_anchor_file, "': ", why));
}

absl::Status Configure(ub_ctx* context, const UnboundResolver::Options& options) {
  const bool validate = !options.trust_anchor_file.empty();
  RETURN_IF_ERROR(Set(context, "module-config:", validate ? "validator iterator" : "iterator"));
  RETURN_IF_ERROR(Set(context, "do-not-query-localhost:", "no"));
  RETURN_IF_ERROR(Set(context, "num-queries-per-thread:", "4096"));
  // A forwarder that was down is tried again soon.
  RETURN_IF_ERROR(Set(context, "infra-host-ttl:", "60"));
  RETURN_IF_ERROR(Set(context, "infra-keep-probing:", "yes"));
  // Private reverse zones and .test are for the name server to answer.
  RETURN_IF_ERROR(Set(context, "unblock-lan-zones:", "yes"));
  RETURN_IF_ERROR(Set(context, "insecure-lan-zones:", "yes"));
  RETURN_IF_ERROR(UseServers(context, options));
  if (validate) {
    const int error = ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str());
    if (error != 0) return BadAnchor(options, ub_strerror(error));
  }
  CHECK(ub_ctx_async(context, 1) == 0);  // a thread, not a process
  // The first call that finalizes the configuration.
  if (const int error = ub_ctx_zone_remove(context, "test."); error != 0) {
    // It reads the file only now, and says why on stderr.
    if (validate) return BadAnchor(options, "not a readable file of DS or DNSKEY records");
    return absl::InvalidArgumentError(
        Cat("libunbound refuses its configuration: ", ub_strerror(error)));
  }
  return absl::OkStatus();
}

DnsAnswer Failed(std::string detail) {
  DnsAnswer answer;
  answer.status = DnsStatus::kServFail;
  answer.detail = std::move(detail);
  return answer;
}

}  // namespace

DnsAnswer AnswerFrom(const ub_result& result, RecordType type) {
  DnsAnswer answer;
  answer.ttl = Seconds(result.ttl);
  answer.secure = result.secure != 0;
  if (result.canonname != nullptr) {
    const std::string canonical = NormalName(result.canonname);
    if (canonical != NormalName(result.qname)) answer.canonical_name = canonical;
  }
  if (result.bogus != 0) {
    answer.status = DnsStatus::kBogus;
    if (result.why_bogus != nullptr) answer.detail = Escape(result.why_bogus);
  } else if (result.nxdomain != 0 || result.rcode == kRcodeNxDomain) {
    answer.status = DnsStatus::kNxDomain;
  } else if (result.rcode != 0) {
    answer.detail = Cat("rcode ", result.rcode);
  } else if (result.havedata == 0) {
    answer.status = DnsStatus::kNoData;
  } else {
    answer.status = DnsStatus::kOk;
    for (int i = 0; result.data[i] != nullptr; ++i) {
      const std::string_view data(result.data[i], static_cast<size_t>(result.len[i]));
      if (!AddRecord(data, type, &answer)) return Failed("malformed record");
    }
  }
  return answer;
}

UnboundThread::UnboundThread(Answered answered) : answered_(std::move(answered)) {}

UnboundThread::~UnboundThread() {
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    Wake();
    thread_.join();
  }
  if (context_ != nullptr) ub_ctx_delete(context_);
  if (wake_fd_ >= 0) close(wake_fd_);
}

absl::Status UnboundThread::Start(const UnboundResolver::Options& options) {
  context_ = ub_ctx_create();
  wake_fd_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  CHECK(context_ != nullptr && wake_fd_ >= 0);
  RETURN_IF_ERROR(Configure(context_, options));
  thread_ = std::thread([this] { Run(); });
  return absl::OkStatus();
}

void UnboundThread::Ask(int64_t id, std::string name, RecordType type) {
  Push({.id = id, .name = std::move(name), .type = type});
}

void UnboundThread::Forget(int64_t id) { Push({.id = id, .forget = true}); }

void UnboundThread::Push(Request request) {
  bool wake = false;
  {
    const std::lock_guard lock(mutex_);
    wake = requests_.empty();
    requests_.push_back(std::move(request));
  }
  if (wake) Wake();
}

void UnboundThread::Wake() {
  const uint64_t one = 1;
  // Fails only when the counter is full, and then the thread is awake.
  [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
}

void UnboundThread::Run() {
  pollfd fds[2] = {{.fd = wake_fd_, .events = POLLIN, .revents = 0},
                   {.fd = ub_fd(context_), .events = POLLIN, .revents = 0}};
  for (;;) {
    poll(fds, 2, -1);
    if (fds[0].revents != 0 && !TakeRequests()) return;
    if (fds[1].revents != 0) ub_process(context_);
  }
}

bool UnboundThread::TakeRequests() {
  uint64_t count = 0;
  [[maybe_unused]] const ssize_t n = read(wake_fd_, &count, sizeof count);
  std::vector<Request> requests;
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    requests.swap(requests_);
  }
  for (Request& request : requests) {
    if (request.forget) {
      Cancel(request.id);
    } else {
      Begin(std::move(request));
    }
  }
  return true;
}

void UnboundThread::Begin(Request request) {
  auto query =
      std::make_unique<Query>(Query{.thread = this, .id = request.id, .type = request.type});
  Query* const raw = query.get();
  queries_.emplace(request.id, std::move(query));
  const int error = ub_resolve_async(context_, request.name.c_str(), static_cast<int>(request.type),
                                     kClassIn, raw, &UnboundThread::OnResult, &raw->async_id);
  if (error == 0) return;
  queries_.erase(request.id);
  answered_(request.id, Failed(ub_strerror(error)));
}

void UnboundThread::Cancel(int64_t id) {
  const auto found = queries_.find(id);
  if (found == queries_.end()) return;
  // If it is too late to cancel, the callback comes and cleans up.
  if (ub_cancel(context_, found->second->async_id) == 0) queries_.erase(found);
}

void UnboundThread::OnResult(void* query, int error, ub_result* result) {
  const Query done = *static_cast<Query*>(query);
  done.thread->queries_.erase(done.id);
  DnsAnswer answer = error == 0 ? AnswerFrom(*result, done.type) : Failed(ub_strerror(error));
  ub_resolve_free(result);
  done.thread->answered_(done.id, std::move(answer));
}

}  // namespace convoy::dns
