#include "sts/curl_thread.h"

#include <curl/curl.h>

#include <utility>

#include "base/check.h"
#include "base/text.h"

namespace convoy::sts {
namespace {

constexpr int kPollMs = 1000;
constexpr long kHttpOk = 200;

void SetUp() {
  // Once per process, before any other thread uses libcurl.
  [[maybe_unused]] static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
}

absl::Status FailureOf(CURLcode code, const char* detail) {
  const std::string text = detail[0] == '\0' ? curl_easy_strerror(code) : Escape(detail);
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return absl::DeadlineExceededError(text);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_ISSUER_ERROR:
      return absl::FailedPreconditionError(text);
    case CURLE_WRITE_ERROR:
    case CURLE_FILESIZE_EXCEEDED:
      return absl::InvalidArgumentError("the answer is too long");
    default:
      return absl::UnavailableError(text);
  }
}

// `text/plain`, perhaps with parameters.
bool IsPlainText(const char* type) {
  if (type == nullptr) return false;
  const std::string_view all = type;
  return EqualsIgnoreCase(Trim(all.substr(0, all.find(';'))), "text/plain");
}

}  // namespace

struct CurlThread::Transfer {
  explicit Transfer(int64_t id) : id(id), easy(curl_easy_init()) { CHECK(easy != nullptr); }
  ~Transfer() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(addresses);
  }

  static size_t Write(char* data, size_t size, size_t count, void* transfer) {
    std::string& text = static_cast<Transfer*>(transfer)->text;
    if (text.size() + size * count > kPolicyBytesMax) return 0;
    text.append(data, size * count);
    return size * count;
  }

  absl::StatusOr<std::string> Result(CURLcode code) {
    if (code != CURLE_OK) return FailureOf(code, error);
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != kHttpOk) return absl::InvalidArgumentError(Cat("HTTP status ", status));
    const char* type = nullptr;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);
    if (!IsPlainText(type)) {
      return absl::InvalidArgumentError(
          Cat("not text/plain: '", type == nullptr ? "" : Escape(type), "'"));
    }
    return std::move(text);
  }

  const int64_t id;
  CURL* const easy;
  curl_slist* addresses = nullptr;
  std::string text;
  char error[CURL_ERROR_SIZE] = "";
};

CurlThread::CurlThread(HttpsFetcher::Options options, Fetched fetched)
    : options_(std::move(options)), fetched_(std::move(fetched)), multi_([] {
        SetUp();
        return curl_multi_init();
      }()) {
  CHECK(multi_ != nullptr);
  // An idle connection is no use: the next policy is another host's.
  curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 1L);
  thread_ = std::thread([this] { Run(); });
}

CurlThread::~CurlThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  curl_multi_wakeup(multi_);
  thread_.join();
  for (const auto& [easy, transfer] : transfers_) curl_multi_remove_handle(multi_, easy);
  transfers_.clear();
  curl_multi_cleanup(multi_);
}

void CurlThread::Get(Request request) {
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
  }
  curl_multi_wakeup(multi_);
}

void CurlThread::Run() {
  while (TakeRequests()) {
    int running = 0;
    curl_multi_perform(multi_, &running);
    CollectResults();
    curl_multi_poll(multi_, nullptr, 0, kPollMs, nullptr);
  }
}

bool CurlThread::TakeRequests() {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return false;
    for (Request& request : requests_) waiting_.push_back(std::move(request));
    requests_.clear();
  }
  size_t begun = 0;
  while (begun < waiting_.size() && transfers_.size() < kFetchesMax) Begin(waiting_[begun++]);
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<ptrdiff_t>(begun));
  return true;
}

void CurlThread::Begin(const Request& request) {
  auto transfer = std::make_unique<Transfer>(request.id);
  CURL* const easy = transfer->easy;
  std::vector<std::string> addresses;
  for (const IpAddress& ip : request.addresses) {
    addresses.push_back(ip.is_v6() ? Cat("[", ip.ToString(), "]") : ip.ToString());
  }
  const std::string place = Cat(request.host, ":", options_.port);
  transfer->addresses =
      curl_slist_append(nullptr, Cat("+", place, ":", Join(addresses, ",")).c_str());
  const auto set = [easy](CURLoption option, auto value) {
    CHECK(curl_easy_setopt(easy, option, value) == CURLE_OK);
  };
  set(CURLOPT_RESOLVE, transfer->addresses);
  set(CURLOPT_URL, Cat("https://", place, "/.well-known/mta-sts.txt").c_str());
  set(CURLOPT_PROTOCOLS_STR, "https");
  set(CURLOPT_PROXY, "");  // whatever the environment says
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(kFetchTimeout.us / 1000));
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  if (!options_.ca_file.empty()) {
    set(CURLOPT_CAINFO, options_.ca_file.c_str());
    set(CURLOPT_CAPATH, static_cast<char*>(nullptr));
  }
  set(CURLOPT_FRESH_CONNECT, 1L);
  set(CURLOPT_FORBID_REUSE, 1L);
  set(CURLOPT_WRITEFUNCTION, &Transfer::Write);
  set(CURLOPT_WRITEDATA, transfer.get());
  set(CURLOPT_ERRORBUFFER, transfer->error);
  CHECK(curl_multi_add_handle(multi_, easy) == CURLM_OK);
  transfers_.emplace(easy, std::move(transfer));
}

void CurlThread::CollectResults() {
  int left = 0;
  while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;
    const auto transfer = std::move(transfers_.extract(easy).mapped());
    curl_multi_remove_handle(multi_, easy);
    fetched_(transfer->id, transfer->Result(code));
  }
}

}  // namespace convoy::sts
