#include "coordinator/services/queue_page.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"

namespace convoy::coordinator {
namespace {

using mta::v1::QueueRow;

constexpr size_t kNameMax = 255;

absl::Status CheckSelector(const mta::v1::QueueSelector& selector) {
  for (const std::string& part : {selector.domain(), selector.virtual_mta()}) {
    if (part.size() > kNameMax || Escape(part) != part) {
      return absl::InvalidArgumentError(Cat("queue name '", Escape(part.substr(0, kNameMax)),
                                            "': expected printable ASCII of at most ", kNameMax,
                                            " characters (IDN as xn--...)"));
    }
  }
  return absl::OkStatus();
}

auto Name(const QueueRow& row) { return std::tie(row.domain(), row.virtual_mta(), row.shard()); }

bool ByName(const QueueRow& a, const QueueRow& b) { return Name(a) < Name(b); }

bool ByRecipients(const QueueRow& a, const QueueRow& b) {
  if (a.recipients() != b.recipients()) return a.recipients() > b.recipients();
  return ByName(a, b);
}

}  // namespace

absl::Status ToListRequest(const mta::v1::ShowQueuesRequest& in, mta::v1::ListQueuesRequest* out) {
  if (in.page_size() > kPageSizeMax) {
    return absl::InvalidArgumentError(
        Cat("page_size: at most ", kPageSizeMax, ", got ", in.page_size()));
  }
  RETURN_IF_ERROR(CheckSelector(in.selector()));
  const bool by_name = in.order() == mta::v1::QUEUE_ORDER_NAME;
  *out->mutable_selector() = in.selector();
  out->set_order(by_name ? mta::v1::QUEUE_ORDER_NAME : mta::v1::QUEUE_ORDER_RECIPIENTS);
  out->set_page_size(in.page_size() == 0 ? kPageSizeDefault : in.page_size());
  if (in.has_after()) *out->mutable_after() = in.after();
  out->set_mode(in.mode());
  return absl::OkStatus();
}

void MergePage(const mta::v1::ListQueuesRequest& asked, std::vector<QueueRow> rows,
               bool more_on_shards, mta::v1::ShowQueuesResponse* out) {
  const bool by_name = asked.order() == mta::v1::QUEUE_ORDER_NAME;
  std::sort(rows.begin(), rows.end(), by_name ? ByName : ByRecipients);
  const bool cut = rows.size() > asked.page_size();
  if (cut) rows.resize(asked.page_size());
  for (QueueRow& row : rows) *out->add_queues() = std::move(row);
  if (!(cut || more_on_shards) || out->queues().empty()) return;
  const QueueRow& last = *out->queues().rbegin();
  out->mutable_next()->set_recipients(last.recipients());
  out->mutable_next()->set_domain(last.domain());
  out->mutable_next()->set_virtual_mta(last.virtual_mta());
  out->mutable_next()->set_shard(last.shard());
}

absl::Status CheckChange(const mta::v1::ChangeQueueRequest& request) {
  const mta::v1::QueueSelector& selector = request.selector();
  RETURN_IF_ERROR(CheckSelector(selector));
  if (selector.domain().empty() || selector.virtual_mta().empty()) {
    return absl::InvalidArgumentError("queue: expected DOMAIN/VMTA; either may be *");
  }
  if (selector.domain() == "*" && selector.virtual_mta() == "*") {
    return absl::InvalidArgumentError(
        "queue: */* would be every queue; name a domain or a virtual MTA");
  }
  return absl::OkStatus();
}

}  // namespace convoy::coordinator
