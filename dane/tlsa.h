// TLSA records as a mail client may use them.
//
//     usage      selector 0 or 1, matching type 0, 1 or 2
//     ---------  ------------------------------------------------------------------
//     0 PKIX-TA  unusable: a mail client has no authorities to agree on (DA-11)
//     1 PKIX-EE  unusable, for the same reason
//     2 DANE-TA  the chain leads to this authority, and the names are checked (DA-10)
//     3 DANE-EE  this is the server's own key; names and dates do not count (DA-09)
//
// A record is unusable, too, when a field has another value, a digest has the wrong size, or what
// is matched as a whole is no certificate or key.
//
// RFC:       7672 3.1 and 3.1.3, 7671 5 and 9, 6698 2.1
// Errors:    ParseTlsa: nullopt for data that is cut short
// Determinism: pure
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/tlsa_record.h"

namespace convoy::dane {

// A record's data as on the wire.
std::optional<TlsaRecord> ParseTlsa(std::string_view data);

bool IsUsable(const TlsaRecord& record);

// Those that decide: usable, and of the digests of one usage and selector only the strongest kind
// (DA-12). What is matched as a whole always stays.
std::vector<TlsaRecord> Deciding(const std::vector<TlsaRecord>& records);

// The same for the same records in the same order, and for no others: 32 octets (SHA-256).
std::string Fingerprint(const std::vector<TlsaRecord>& records);

}  // namespace convoy::dane
