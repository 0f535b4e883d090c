// How mail is handed in: by SMTP over the listener, or as the gRPC service does.
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "tests/effects/stage.h"

namespace convoy::effects {
namespace {

constexpr size_t kBodyLineBytes = 72;

bool Has(const std::vector<std::string>& fields, std::string_view name) {
  for (const std::string& field : fields) {
    if (StartsWithIgnoreCase(field, Cat(name, ":"))) return true;
  }
  return false;
}

// The given fields, or a plain header, and a body that fills `octets`.
std::string Content(const std::string& from, const std::vector<std::string>& fields,
                    size_t octets) {
  std::string text;
  for (const std::string& field : fields) {
    // "+ " continues the field above.
    CatTo(&text, field.starts_with("+ ") ? field.substr(1) : field, "\r\n");
  }
  if (!Has(fields, "From")) CatTo(&text, "From: <", from.empty() ? "s@brand.test" : from, ">\r\n");
  if (!Has(fields, "Subject")) text += "Subject: Hello\r\n";
  text += "\r\nHello.\r\n";
  while (text.size() < octets) CatTo(&text, std::string(kBodyLineBytes, 'x'), "\r\n");
  return text;
}

std::string StateOf(const shard::RecipientResult& result) {
  switch (result.state) {
    case shard::RecipientState::kQueued:
      return "queued";
    case shard::RecipientState::kSuppressed:
      return Cat("suppressed, ", result.detail);
    case shard::RecipientState::kInvalid:
      return Cat("invalid, ", result.detail);
  }
  return "";
}

}  // namespace

void Stage::Submit(Letter letter, const Words& line) {
  shard::Submission submission;
  submission.source.kind = shard::SourceKind::kApi;
  submission.source.client = letter.client;
  submission.source.listener = Shard::Address();
  submission.source.protocol = "HTTP";
  submission.mail_from = letter.from;
  submission.recipients = letter.rcpts;
  submission.content = letter.content;
  submission.virtual_mta = line.Setting("vmta");
  submission.job_id = line.Setting("job");
  ClientLog& log = client_logs_.emplace_back();
  shard_->ingest().Submit(std::move(submission),
                          [&log, rcpts = letter.rcpts](const shard::SubmitResult& result) {
                            if (!result.status.ok()) {
                              log.push_back(Cat("refused: ", std::string(result.status.message())));
                            }
                            for (size_t i = 0; result.status.ok() && i < rcpts.size(); ++i) {
                              log.push_back(Cat(rcpts[i], ": ", StateOf(result.recipients[i])));
                            }
                          });
}

// mail [N] to ADDRESS|DOMAIN... [from=] [by=smtp] [client=] [vmta=] [size=] [parameters=]
// connect N [client=] [for=]
bool Stage::Hand(const Words& line, const Lines& fields) {
  const auto client = IpAddress::Parse(line.Setting("client", "127.0.0.1"));
  CHECK(client.ok());
  if (line.At(0) == "connect") {
    const auto count = ParseUint(line.At(1)).value_or(1);
    const MonoTime until = loop_.MonoNow() + ParseDuration(line.Setting("for", "1m"));
    for (uint64_t i = 0; i < count; ++i) {
      Spawn(HoldConnection(loop_, network_, shard_->listener(), *client, until,
                           client_logs_.emplace_back(), ++connections_held_));
    }
    return true;
  }
  if (line.At(0) != "mail") return false;
  size_t next = 1;
  int64_t count = 1;
  if (const auto n = ParseInt(line.At(next)); n.has_value()) {
    count = *n;
    ++next;
  }
  CHECK(line.At(next++) == "to");
  for (int64_t i = 0; i < count; ++i) {
    Letter letter;
    letter.client = *client;
    letter.from = line.Setting("from", "s@brand.test");
    if (letter.from == "<>") letter.from.clear();
    ++letters_;
    for (size_t j = next; j < line.list.size(); ++j) {
      const std::string& to = line.list[j];
      letter.rcpts.push_back(to.find('@') == std::string::npos ? Cat("u", letters_, "@", to) : to);
    }
    letter.content = Content(letter.from, fields, ParseUint(line.Setting("size", "0")).value_or(0));
    if (line.Setting("by") != "smtp") {
      Submit(std::move(letter), line);
      continue;
    }
    Spawn(SendLetter(loop_, network_, shard_->listener(), std::move(letter),
                     client_logs_.emplace_back()));
  }
  return true;
}

}  // namespace convoy::effects
