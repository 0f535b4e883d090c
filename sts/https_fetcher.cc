#include "sts/https_fetcher.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "dns/host_name.h"
#include "runtime/task.h"
#include "sts/curl_thread.h"

namespace convoy::sts {

HttpsFetcher::HttpsFetcher(EventLoop& loop, dns::Resolver& resolver, Options options)
    : loop_(loop),
      resolver_(resolver),
      options_(std::move(options)),
      self_(std::make_shared<HttpsFetcher*>(this)) {
  thread_ = std::make_unique<CurlThread>(
      options_, [&loop, self = self_](int64_t id, absl::StatusOr<std::string> text) {
        loop.Post([self, id, text = std::move(text)]() mutable {
          if (*self != nullptr) (*self)->Fetched(id, std::move(text));
        });
      });
}

HttpsFetcher::~HttpsFetcher() { *self_ = nullptr; }  // read on the loop only

void HttpsFetcher::Fetch(std::string domain, FetchDone done) {
  const int64_t id = ++last_id_;
  pending_.emplace(id, std::move(done));
  Spawn(Find(self_, Cat("mta-sts.", domain), id));
}

Task<void> HttpsFetcher::Find(std::shared_ptr<HttpsFetcher*> self, std::string host, int64_t id) {
  std::vector<dns::Question> questions = {{.name = host, .type = dns::RecordType::kA},
                                          {.name = host, .type = dns::RecordType::kAaaa}};
  dns::LookupAll lookups(resolver_, std::move(questions));
  const std::vector<dns::DnsAnswer> answers = co_await lookups;
  if (*self == nullptr) co_return;
  CurlThread::Request request{.id = id, .host = host, .addresses = {}};
  for (const dns::DnsAnswer& answer : answers) {
    request.addresses.insert(request.addresses.end(), answer.addresses.begin(),
                             answer.addresses.end());
  }
  if (!request.addresses.empty() && dns::IsHostName(host)) {
    thread_->Get(std::move(request));
  } else {
    Fetched(id, absl::UnavailableError(
                    Cat("no address of ", host, ": ", ToString(answers.front().status))));
  }
}

void HttpsFetcher::Fetched(int64_t id, absl::StatusOr<std::string> text) {
  FetchDone done = std::move(pending_.extract(id).mapped());
  done(std::move(text));
}

}  // namespace convoy::sts
