#include "cli/message_file.h"

#include <algorithm>
#include <fstream>
#include <iostream>
#include <iterator>

#include "base/status_macros.h"
#include "base/text.h"
#include "mail/mailbox_list.h"
#include "mail/message.h"

namespace convoy::cli {
namespace {

absl::StatusOr<std::string> ReadAll(const std::string& path) {
  std::ifstream file;
  if (path != "-") {
    file.open(path, std::ios::binary);
    if (!file) return absl::NotFoundError(Cat("cannot read ", path));
  }
  std::istream& in = path == "-" ? std::cin : file;
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return absl::NotFoundError(Cat("cannot read ", path));
  if (text.empty()) return absl::InvalidArgumentError(Cat(path, " is empty"));
  if (text.size() > kMessageBytesMax) {
    return absl::InvalidArgumentError(
        Cat(path, " has ", text.size(), " bytes, at most ", kMessageBytesMax));
  }
  return text;
}

// Only for reading the header: the shard does the same to the whole message.
std::string HeaderWithCrlf(const std::string& text) {
  std::string out;
  for (size_t start = 0; start < text.size();) {
    const size_t end = std::min(text.find('\n', start), text.size());
    std::string_view line(text.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    CatTo(&out, line, "\r\n");
    start = end + 1;
  }
  return out;
}

}  // namespace

absl::StatusOr<MessageFile> ReadMessageFile(const std::string& path, const std::string& from,
                                            const std::vector<std::string>& to) {
  MessageFile file{.text = {}, .mail_from = from, .recipients = to};
  ASSIGN_OR_RETURN(file.text, ReadAll(path));
  const std::string header_text = HeaderWithCrlf(file.text);
  const mail::HeaderBlock header(header_text);
  if (from.empty()) {
    const absl::StatusOr<mail::Address> author = mail::FromAddress(header);
    if (!author.ok()) {
      return absl::InvalidArgumentError(
          Cat(path, " has no usable From field: give --from ADDRESS"));
    }
    file.mail_from = author->ToString();
  }
  if (from == "<>") file.mail_from.clear();
  if (!to.empty()) return file;
  for (const mail::HeaderField& field : header.fields()) {
    if (!field.Is("To") && !field.Is("Cc") && !field.Is("Bcc")) continue;
    for (const mail::Mailbox& mailbox : mail::ParseMailboxList(field.value)) {
      std::string address = mailbox.address.ToString();
      const bool known = std::find(file.recipients.begin(), file.recipients.end(), address) !=
                         file.recipients.end();
      if (!known) file.recipients.push_back(std::move(address));
    }
  }
  if (file.recipients.empty()) {
    return absl::InvalidArgumentError(
        Cat(path, " has no address in To, Cc or Bcc: give --to ADDRESS"));
  }
  return file;
}

}  // namespace convoy::cli
