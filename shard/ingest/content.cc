#include "shard/ingest/content.h"

#include <utility>
#include <vector>

#include "base/status_macros.h"
#include "base/text.h"
#include "dkim/canonical.h"
#include "mail/mailbox_list.h"
#include "mail/message.h"
#include "mail/normalize.h"
#include "mail/received.h"
#include "mail/sanitize.h"

namespace convoy::shard {
namespace {

// Received fields whose BY clause names us (RFC 5321 4.4).
uint32_t OwnHops(const mail::HeaderBlock& header, std::string_view host_name) {
  uint32_t hops = 0;
  const std::string wanted = Cat(" by ", Lower(host_name), ' ');
  for (const mail::HeaderField& field : header.fields()) {
    if (field.Is("Received") &&
        Lower(Cat(' ', field.Unfolded())).find(wanted) != std::string::npos) {
      ++hops;
    }
  }
  return hops;
}

struct Trace {
  std::vector<std::string> remove;
  std::string prepend;
  std::string append;
};

void ReadOwnFields(const mail::HeaderBlock& header, const SourcePolicy& source,
                   PreparedContent* out, std::vector<std::string>* remove) {
  if (source.process_x_virtual_mta) {
    out->virtual_mta = header.Value("x-virtual-mta");
    if (!source.retain_x_virtual_mta) remove->push_back("x-virtual-mta");
  }
  if (source.process_x_job) {
    out->job_id = header.Value("x-job");
    if (!source.retain_x_job) remove->push_back("x-job");
  }
  if (source.process_x_envid) {
    out->envelope_id = header.Value("x-envid");
    remove->push_back("x-envid");
  }
}

std::string ReceivedField(const Submission& submission, const ContentOptions& options) {
  mail::ReceivedInfo info;
  if (!options.source.hide_message_source) {
    info.helo = submission.source.helo;
    info.client_ip = submission.source.client;
  }
  info.by = options.host_name;
  info.with = submission.source.protocol;
  info.id = options.id.ToString();
  if (submission.recipients.size() == 1) info.recipient = submission.recipients.front();
  info.when = options.now;
  return mail::MakeReceived(info);
}

mail::HeaderEdit EditFor(const mail::HeaderBlock& header, const Submission& submission,
                         const ContentOptions& options, PreparedContent* out) {
  mail::HeaderEdit edit;
  edit.remove = mail::NeverSentFields();
  ReadOwnFields(header, options.source, out, &edit.remove);
  if (options.source.add_received_header) edit.prepend = ReceivedField(submission, options);
  if (options.source.add_date_header && header.Find("Date") == nullptr) {
    CatTo(&edit.append, "Date: ", mail::FormatDate(options.now), "\r\n");
  }
  if (options.source.add_message_id_header && header.Find("Message-ID") == nullptr) {
    CatTo(&edit.append,
          "Message-ID: ", mail::MakeMessageId(options.id.ToString(), options.host_name), "\r\n");
  }
  return edit;
}

}  // namespace

absl::StatusOr<PreparedContent> PrepareContent(const Submission& submission,
                                               const ContentOptions& options) {
  mail::NormalizeOptions normalize;
  normalize.bare_line = submission.source.kind == SourceKind::kApi
                            ? mail::BareLinePolicy::kConvertLf
                            : mail::BareLinePolicy::kReject;
  ASSIGN_OR_RETURN(const std::string normal, mail::Normalize(submission.content, normalize));
  const mail::MessageParts parts = mail::SplitMessage(normal);
  const mail::HeaderBlock header(parts.header);
  if (header.fields().empty()) {
    return absl::InvalidArgumentError(
        "5.6.0 the message has no header: it must begin with fields such as From: and Subject:");
  }
  PreparedContent out;
  out.hops = static_cast<uint32_t>(header.Count("Received"));
  out.own_hops = OwnHops(header, options.host_name);
  if (out.hops > options.source.max_message_hops) {
    return absl::InvalidArgumentError(Cat("5.4.6 mail loop: the message has ", out.hops,
                                          " Received fields (max-message-hops ",
                                          options.source.max_message_hops, ")"));
  }
  const mail::HeaderEdit edit = EditFor(header, submission, options, &out);
  std::string fields = mail::RewriteHeader(header, edit);
  const bool sanitize = options.sanitize && options.sanitize(out.virtual_mta);
  if (sanitize) fields = mail::SanitizeHeader(mail::HeaderBlock(fields)).text;
  if (auto domain = mail::FromDomain(header); domain.ok()) out.from_domain = *std::move(domain);
  out.body_hash = dkim::BodyHash(dkim::Canonicalization::kRelaxed, parts.body);
  out.header_bytes = static_cast<uint32_t>(fields.size() + 2);
  out.text = Cat(fields, "\r\n", parts.body);
  out.eight_bit = mail::Has8bit(out.text);
  return out;
}

}  // namespace convoy::shard
