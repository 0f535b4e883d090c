#include "smtp/command.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace convoy::smtp {
namespace {

struct VerbName {
  std::string_view name;
  Verb verb;
};
constexpr std::array<VerbName, 14> kVerbs = {{
    {"MAIL", Verb::kMail},
    {"RCPT", Verb::kRcpt},
    {"DATA", Verb::kData},
    {"EHLO", Verb::kEhlo},
    {"HELO", Verb::kHelo},
    {"RSET", Verb::kRset},
    {"NOOP", Verb::kNoop},
    {"QUIT", Verb::kQuit},
    {"STARTTLS", Verb::kStartTls},
    {"AUTH", Verb::kAuth},
    {"VRFY", Verb::kVrfy},
    {"EXPN", Verb::kExpn},
    {"HELP", Verb::kHelp},
    {"BDAT", Verb::kBdat},
}};

// Empty: no error.
using Refusal = Reply;

Refusal SyntaxError(std::string_view text) { return MakeReply(501, "5.5.4", text); }

// One `KEYWORD[=value]` of MAIL or RCPT.
struct Parameter {
  std::string keyword;  // upper case
  std::string_view value;
  bool has_value = false;
};

// Takes the next parameter from the front of `*text`, which must begin with a blank or be empty.
std::optional<Parameter> TakeParameter(std::string_view* text) {
  while (!text->empty() && text->front() == ' ') text->remove_prefix(1);
  if (text->empty()) return std::nullopt;
  const size_t size = std::min(text->find(' '), text->size());
  const std::string_view word = text->substr(0, size);
  text->remove_prefix(size);
  Parameter parameter;
  const size_t equals = word.find('=');
  parameter.keyword = Upper(word.substr(0, equals));
  parameter.has_value = equals != std::string_view::npos;
  if (parameter.has_value) parameter.value = word.substr(equals + 1);
  return parameter;
}

Refusal Unsupported(const Parameter& parameter) {
  return MakeReply(555, "5.5.4",
                   Cat("parameter ", Escape(parameter.keyword.substr(0, 40)), " not supported"));
}

Refusal Repeated(const Parameter& parameter) {
  return SyntaxError(Cat("parameter ", parameter.keyword, " given twice"));
}

Refusal ReadEnvid(const Parameter& parameter, MailParameters* mail) {
  if (!mail->envid.empty()) return Repeated(parameter);
  if (parameter.value.empty() || !EnvelopeIdOf(parameter.value).has_value()) {
    return SyntaxError("ENVID= must be xtext: printable, without '=', '+' as +2B (RFC 3461 4)");
  }
  if (parameter.value.size() > kEnvidBytesMax) {
    return SyntaxError(Cat("ENVID= is longer than ", kEnvidBytesMax, " characters"));
  }
  mail->envid = std::string(parameter.value);
  return {};
}

Refusal ReadMailParameter(const Parameter& parameter, MailParameters* mail) {
  if (parameter.keyword == "SIZE") {
    if (mail->size_bytes.has_value()) return Repeated(parameter);
    mail->size_bytes = ParseUint(parameter.value);
    if (!mail->size_bytes.has_value()) return SyntaxError("SIZE= must be a number of octets");
    return {};
  }
  if (parameter.keyword == "BODY") {
    mail->eight_bit = EqualsIgnoreCase(parameter.value, "8BITMIME");
    if (mail->eight_bit || EqualsIgnoreCase(parameter.value, "7BIT")) return {};
    return SyntaxError("BODY= must be 7BIT or 8BITMIME");
  }
  if (parameter.keyword == "RET") {
    if (!mail->ret.empty()) return Repeated(parameter);
    mail->ret = Upper(parameter.value);
    if (mail->ret == "FULL" || mail->ret == "HDRS") return {};
    return SyntaxError("RET= must be FULL or HDRS");
  }
  if (parameter.keyword == "ENVID") return ReadEnvid(parameter, mail);
  if (parameter.keyword == "SMTPUTF8") {
    if (parameter.has_value) return SyntaxError("SMTPUTF8 takes no value");
    mail->smtputf8 = true;
    return {};
  }
  return Unsupported(parameter);
}

// NEVER alone, or any of the others once each (RFC 3461 4.1).
bool IsNotify(std::string_view value) {
  if (value == "NEVER") return true;
  bool seen[3] = {};
  for (const std::string_view word : Split(value, ',')) {
    const int index = word == "SUCCESS" ? 0 : word == "FAILURE" ? 1 : word == "DELAY" ? 2 : -1;
    if (index < 0 || std::exchange(seen[index], true)) return false;
  }
  return true;
}

// addr-type ";" xtext
bool IsOrcpt(std::string_view value) {
  const size_t semicolon = value.find(';');
  if (semicolon == std::string_view::npos || semicolon == 0) return false;
  const std::string_view type = value.substr(0, semicolon);
  const bool atom =
      std::all_of(type.begin(), type.end(), [](char c) { return IsAlnum(c) || c == '-'; });
  const std::string_view address = value.substr(semicolon + 1);
  return atom && !address.empty() && IsXtext(address);
}

Refusal ReadRcptParameter(const Parameter& parameter, RcptParameters* rcpt) {
  if (parameter.keyword == "NOTIFY") {
    if (!rcpt->notify.empty()) return Repeated(parameter);
    rcpt->notify = Upper(parameter.value);
    if (IsNotify(rcpt->notify)) return {};
    return SyntaxError("NOTIFY= must be NEVER, or some of SUCCESS,FAILURE,DELAY");
  }
  if (parameter.keyword == "ORCPT") {
    if (!rcpt->orcpt.empty()) return Repeated(parameter);
    if (parameter.value.size() > kOrcptBytesMax) {
      return SyntaxError(Cat("ORCPT= is longer than ", kOrcptBytesMax, " characters"));
    }
    rcpt->orcpt = std::string(parameter.value);
    if (IsOrcpt(rcpt->orcpt)) return {};
    return SyntaxError("ORCPT= must be rfc822;address with the address as xtext (RFC 3461 4.2)");
  }
  return Unsupported(parameter);
}

// `argument` is what follows MAIL or RCPT: "FROM:<path> parameters".
std::variant<Command, Reply> ParsePathCommand(Verb verb, std::string_view argument) {
  const bool mail = verb == Verb::kMail;
  const std::string_view prefix = mail ? "FROM:" : "TO:";
  const std::string_view bad_address = mail ? "5.1.7" : "5.1.3";
  if (!StartsWithIgnoreCase(argument, prefix)) {
    return SyntaxError(mail ? "syntax: MAIL FROM:<address> [parameters]"
                            : "syntax: RCPT TO:<address> [parameters]");
  }
  argument.remove_prefix(prefix.size());
  while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);

  absl::StatusOr<mail::Address> address = mail::ConsumePath(&argument);
  if (!address.ok()) {
    const absl::Status& status = address.status();
    return MakeReply(501, bad_address,
                     std::string_view(status.message().data(), status.message().size()));
  }
  if (!mail && address->IsNull()) return MakeReply(501, bad_address, "a recipient cannot be <>");
  if (!argument.empty() && argument.front() != ' ') {
    return SyntaxError("a blank must separate the address from its parameters");
  }
  Command command;
  command.verb = verb;
  command.address = *std::move(address);
  while (std::optional<Parameter> parameter = TakeParameter(&argument)) {
    Refusal refusal = mail ? ReadMailParameter(*parameter, &command.mail)
                           : ReadRcptParameter(*parameter, &command.rcpt);
    if (!refusal.empty()) return refusal;
  }
  return command;
}

// Commands without arguments are strict: what follows them would be a misunderstanding.
bool TakesNoArgument(Verb verb) {
  return verb == Verb::kData || verb == Verb::kRset || verb == Verb::kQuit ||
         verb == Verb::kStartTls;
}

}  // namespace

std::variant<Command, Reply> ParseCommand(std::string_view line) {
  if (line.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return MakeReply(500, "5.5.2", "CR, LF and NUL cannot be part of a command");
  }
  while (!line.empty() && IsBlank(line.back())) line.remove_suffix(1);
  const std::string_view word = line.substr(0, line.find(' '));
  const auto known = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const VerbName& verb) {
    return EqualsIgnoreCase(verb.name, word);
  });
  if (known == kVerbs.end()) {
    return MakeReply(500, "5.5.1", Cat("unknown command ", Escape(word.substr(0, 40))));
  }
  std::string_view argument = line.substr(word.size());
  while (!argument.empty() && argument.front() == ' ') argument.remove_prefix(1);
  if (known->verb == Verb::kMail || known->verb == Verb::kRcpt) {
    return ParsePathCommand(known->verb, argument);
  }
  if (TakesNoArgument(known->verb) && !argument.empty()) {
    return SyntaxError(Cat(known->name, " takes no argument"));
  }
  if ((known->verb == Verb::kEhlo || known->verb == Verb::kHelo) &&
      (argument.empty() || argument.find_first_of(" \t") != std::string_view::npos)) {
    return SyntaxError(Cat("syntax: ", known->name, " your.host.name"));
  }
  Command command;
  command.verb = known->verb;
  command.argument = std::string(argument);
  return command;
}

}  // namespace convoy::smtp
