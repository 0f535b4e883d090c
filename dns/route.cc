#include <optional>
#include <string>
#include <utility>

#include "base/status_macros.h"
#include "base/text.h"
#include "dns/host_name.h"
#include "dns/mx_plan.h"

namespace convoy::dns {
namespace {

constexpr std::string_view kLookupMx = "lookup-mx:";

absl::Status Malformed(std::string_view piece, std::string_view why) {
  return absl::InvalidArgumentError(
      Cat("malformed place '", Escape(piece), "' in a route: ", why,
          " (expected lookup-mx:DOMAIN, HOST[:PORT] or [ADDRESS][:PORT])"));
}

// Takes a final `:port` off `text`.
absl::StatusOr<std::optional<uint16_t>> TakePort(std::string_view piece, std::string_view* text) {
  const size_t colon = text->rfind(':');
  if (colon == std::string_view::npos) return std::optional<uint16_t>();
  const std::optional<uint64_t> port = ParseUint(text->substr(colon + 1));
  if (!port.has_value() || *port == 0 || *port > 65535) {
    return Malformed(piece, "the port is not a number from 1 to 65535");
  }
  *text = text->substr(0, colon);
  return std::optional<uint16_t>(static_cast<uint16_t>(*port));
}

absl::StatusOr<RoutePlace> ParsePlace(std::string_view piece) {
  RoutePlace place;
  std::string_view text = piece;
  if (StartsWithIgnoreCase(text, kLookupMx)) {
    place.kind = RoutePlace::Kind::kLookupMx;
    text.remove_prefix(kLookupMx.size());
  }
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return Malformed(piece, "']' is missing");
    std::string_view inside = text.substr(1, close - 1);
    if (StartsWithIgnoreCase(inside, "IPv6:")) inside.remove_prefix(5);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) {
      return Malformed(piece, "unexpected text behind ']'");
    }
    ASSIGN_OR_RETURN(place.port, TakePort(piece, &rest));
    const absl::StatusOr<IpAddress> ip = IpAddress::Parse(inside);
    if (!ip.ok()) return Malformed(piece, "there is no address in the brackets");
    if (place.kind == RoutePlace::Kind::kLookupMx) {
      return Malformed(piece, "lookup-mx needs a domain, not an address");
    }
    place.kind = RoutePlace::Kind::kAddress;
    place.ip = *ip;
    place.name = Cat('[', ip->ToLiteral(), ']');
    return place;
  }
  ASSIGN_OR_RETURN(place.port, TakePort(piece, &text));
  if (const absl::StatusOr<IpAddress> ip = IpAddress::Parse(text); ip.ok()) {
    if (place.kind == RoutePlace::Kind::kLookupMx) {
      return Malformed(piece, "lookup-mx needs a domain, not an address");
    }
    place.kind = RoutePlace::Kind::kAddress;
    place.ip = *ip;
    place.name = Cat('[', ip->ToLiteral(), ']');
    return place;
  }
  place.name = NormalName(text);
  if (!IsHostName(place.name)) return Malformed(piece, "this is no host name");
  return place;
}

}  // namespace

absl::StatusOr<std::vector<RoutePlace>> ParseRoute(std::string_view text) {
  std::vector<RoutePlace> route;
  int level = 0;
  for (const std::string_view group : Split(text, ';')) {
    for (const std::string_view piece : Split(group, ',')) {
      ASSIGN_OR_RETURN(RoutePlace place, ParsePlace(Trim(piece)));
      place.level = level;
      route.push_back(std::move(place));
    }
    ++level;
  }
  return route;
}

}  // namespace convoy::dns
