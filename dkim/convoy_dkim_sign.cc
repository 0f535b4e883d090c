// Signs the message on standard input with the code the shards use, and prints it signed.
//
//     convoy-dkim-sign --domain example.com --selector s1 --key s1.pem < message > signed
//     convoy-dkim-sign --key s1.pem --print-record          the TXT record to publish
//     convoy-dkim-sign --verify --record 's1._domainkey.example.com v=DKIM1; k=rsa; p=...' < signed
//
// Line ends are converted to CRLF first, as a submission would do. --verify prints one line for
// each signature and exits 1 unless there is one and all pass.

#include <CLI/CLI.hpp>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/text.h"
#include "dkim/canonical.h"
#include "dkim/key.h"
#include "dkim/signer.h"
#include "dkim/verifier.h"
#include "mail/message.h"
#include "mail/normalize.h"

namespace convoy::dkim {
namespace {

struct Arguments {
  SignOptions sign;
  std::string key_path;
  std::string canonicalization = "relaxed/relaxed";
  std::vector<std::string> records;
  int64_t timestamp = -1;
  int64_t expire_seconds = 0;
  bool no_timestamp = false;
  bool print_record = false;
  bool verify = false;
};

std::string_view MessageOf(const absl::Status& status) {
  const absl::string_view text = status.message();
  return {text.data(), text.size()};
}

int Fail(std::string_view why) {
  std::cerr << "convoy-dkim-sign: " << why << "\n";
  return 2;
}

absl::StatusOr<std::string> ReadMessage() {
  const std::string text((std::istreambuf_iterator<char>(std::cin)), {});
  return mail::Normalize(text);
}

int Verify(const Arguments& arguments) {
  const absl::StatusOr<std::string> message = ReadMessage();
  if (!message.ok()) return Fail(MessageOf(message.status()));
  const auto lookup = [&](std::string_view name) -> absl::StatusOr<std::string> {
    for (const std::string& record : arguments.records) {
      const size_t blank = record.find(' ');
      if (blank == std::string::npos) continue;
      if (EqualsIgnoreCase(record.substr(0, blank), name)) return record.substr(blank + 1);
    }
    return absl::NotFoundError("no --record for that name");
  };
  const std::vector<SignatureResult> results =
      VerifyMessage(*message, lookup, SystemClock().WallNow());
  bool good = !results.empty();
  for (const SignatureResult& result : results) {
    good = good && result.verdict == Verdict::kPass;
    std::cout << VerdictName(result.verdict) << " d=" << Escape(result.domain)
              << " s=" << Escape(result.selector) << " a=" << Escape(result.algorithm) << " "
              << result.reason << "\n";
  }
  if (results.empty()) std::cout << "none\n";
  return good ? 0 : 1;
}

int SignMessage(Arguments arguments, const PrivateKey& key) {
  SignOptions& options = arguments.sign;
  const size_t slash = arguments.canonicalization.find('/');
  const auto header = ParseCanonicalization(arguments.canonicalization.substr(0, slash));
  const auto body = ParseCanonicalization(
      slash == std::string::npos ? "" : arguments.canonicalization.substr(slash + 1));
  if (!header || !body) return Fail("--canon is simple or relaxed, twice, with a slash between");
  options.header = *header;
  options.body = *body;
  if (!arguments.no_timestamp) {
    options.timestamp = arguments.timestamp >= 0 ? FromUnixMillis(arguments.timestamp * 1000)
                                                 : SystemClock().WallNow();
  }
  if (arguments.expire_seconds > 0) options.expire_after = Seconds(arguments.expire_seconds);
  const absl::Status valid = CheckSignOptions(options);
  if (!valid.ok()) return Fail(MessageOf(valid));
  const absl::StatusOr<std::string> message = ReadMessage();
  if (!message.ok()) return Fail(MessageOf(message.status()));
  const mail::MessageParts parts = mail::SplitMessage(*message);
  const absl::StatusOr<std::string> field =
      Sign(key, options, parts.header, BodyHash(options.body, parts.body));
  if (!field.ok()) return Fail(MessageOf(field.status()));
  std::cout << *field << *message;
  return 0;
}

int Run(const Arguments& arguments) {
  if (arguments.verify) return Verify(arguments);
  const absl::StatusOr<PrivateKey::Ptr> key = PrivateKey::Load(arguments.key_path);
  if (!key.ok()) return Fail(MessageOf(key.status()));
  if (arguments.print_record) {
    std::cout << (*key)->PublicRecord() << "\n";
    return 0;
  }
  return SignMessage(arguments, **key);
}

}  // namespace
}  // namespace convoy::dkim

int main(int argc, char** argv) {
  convoy::dkim::Arguments arguments;
  CLI::App app{"Signs the message on standard input with DKIM."};
  app.add_option("--domain", arguments.sign.domain, "d=");
  app.add_option("--selector", arguments.sign.selector, "s=");
  app.add_option("--key", arguments.key_path, "PEM file with the private key");
  app.add_option("--identity", arguments.sign.identity, "i=, such as @example.com");
  app.add_option("--canon", arguments.canonicalization, "header/body, default relaxed/relaxed");
  app.add_option("--headers", arguments.sign.headers, "fields to sign")->delimiter(',');
  app.add_option("--timestamp", arguments.timestamp, "t= in Unix seconds, default now");
  app.add_flag("--no-timestamp", arguments.no_timestamp, "leave t= out");
  app.add_option("--expire", arguments.expire_seconds, "x= that many seconds after t=");
  app.add_flag("--print-record", arguments.print_record, "print the key record and end");
  app.add_flag("--verify", arguments.verify, "verify instead of sign");
  app.add_option("--record", arguments.records, "'name text' of a key record, for --verify")
      ->allow_extra_args(false);
  CLI11_PARSE(app, argc, argv);
  return convoy::dkim::Run(arguments);
}
