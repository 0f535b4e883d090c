// Record data as it is on the wire, turned into values.
//
// RFC:       1035 3.1 (names), 3.3.9 (MX), 3.3.14 (TXT), 3.4.1 (A)
// Errors:    nullopt for data that is cut short, too long or holds a compressed name
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "dns/resolver.h"

namespace convoy::dns {

// An uncompressed name that fills `data`: normalised, "." for the root; bytes that cannot be in a
// host name are written as \DDD, so that such a name never looks like another.
std::optional<std::string> ParseName(std::string_view data);
std::optional<IpAddress> ParseAddress(std::string_view data, RecordType type);
std::optional<MxRecord> ParseMx(std::string_view data);
// The strings of a TXT record joined (they were cut only to fit).
std::optional<std::string> ParseText(std::string_view data);

// Adds one record to the field of `answer` for `type`; false if it is malformed.
bool AddRecord(std::string_view data, RecordType type, DnsAnswer* answer);

}  // namespace convoy::dns
