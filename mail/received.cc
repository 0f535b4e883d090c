#include "mail/received.h"

#include <array>
#include <chrono>
#include <vector>

#include "base/text.h"
#include "mail/message.h"

namespace convoy::mail {
namespace {

constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
std::string TwoDigits(int64_t n) { return Cat(n < 10 ? "0" : "", n); }

std::string FormatZone(int minutes) {
  const int size = minutes < 0 ? -minutes : minutes;
  return Cat(minutes < 0 ? '-' : '+', TwoDigits(size / 60), TwoDigits(size % 60));
}

// Foreign text as it may stand in a structured field: nothing that opens a comment, ends a clause
// or a line.
std::string ClientText(std::string_view text) {
  std::string out(text.substr(0, kClientTextBytesMax));
  for (char& c : out) {
    const bool safe = IsAlnum(c) || std::string_view(".-_:[]").find(c) != std::string_view::npos;
    if (!safe) c = '?';
  }
  return out;
}

// An address keeps its specials but never a line end or another control character.
std::string Printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 32 || c == 127) c = '?';
  }
  return out;
}

// Clauses separated by blanks; a line is ended before a clause that would pass the fold column.
std::string FoldClauses(std::string_view name, const std::vector<std::string>& clauses) {
  std::string out = Cat(name, ':');
  size_t line_start = 0;
  for (const std::string& clause : clauses) {
    if (out.size() - line_start + 1 + clause.size() > kFoldColumns) {
      out.append("\r\n");
      line_start = out.size();
    }
    CatTo(&out, ' ', clause);
  }
  out.append("\r\n");
  return out;
}

}  // namespace

std::string FormatDate(WallTime when, int zone_minutes) {
  namespace chrono = std::chrono;
  const auto local = chrono::sys_time<chrono::microseconds>(chrono::microseconds(when.us)) +
                     chrono::minutes(zone_minutes);
  const auto day = chrono::floor<chrono::days>(local);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss time(chrono::floor<chrono::seconds>(local - day));
  return Cat(kDays[chrono::weekday(day).c_encoding()], ", ", static_cast<unsigned>(date.day()), ' ',
             kMonths[static_cast<unsigned>(date.month()) - 1], ' ', static_cast<int>(date.year()),
             ' ', TwoDigits(time.hours().count()), ':', TwoDigits(time.minutes().count()), ':',
             TwoDigits(time.seconds().count()), ' ', FormatZone(zone_minutes));
}

std::string MakeMessageId(std::string_view unique, std::string_view domain) {
  return Cat('<', unique, '@', domain, '>');
}

std::string ProtocolKeyword(const Protocol& protocol) {
  if (!protocol.extended) return "SMTP";
  return Cat(protocol.utf8 ? "UTF8SMTP" : "ESMTP", protocol.tls ? "S" : "",
             protocol.authenticated ? "A" : "");
}

std::string MakeReceived(const ReceivedInfo& info) {
  std::vector<std::string> clauses;
  if (!info.helo.empty() || info.client_ip) {
    const std::string ip = info.client_ip ? Cat('[', info.client_ip->ToLiteral(), ']') : "";
    const std::string helo = ClientText(info.helo);
    clauses.push_back(Cat("from ", helo.empty() ? ip : helo));
    if (!helo.empty() && !ip.empty()) clauses.push_back(Cat('(', ip, ')'));
  }
  clauses.push_back(Cat("by ", info.by));
  if (!info.with.empty()) clauses.push_back(Cat("with ", info.with));
  if (!info.id.empty()) clauses.push_back(Cat("id ", info.id));
  if (!info.recipient.empty()) clauses.push_back(Cat("for <", Printable(info.recipient), '>'));
  clauses.back().push_back(';');
  clauses.push_back(FormatDate(info.when, info.zone_minutes));
  return FoldClauses("Received", clauses);
}

}  // namespace convoy::mail
