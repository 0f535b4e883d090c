// What the DNS says about the TLS of one mail host.
//
//     a resolver that does not validate       kNone (DA-01)
//     host name or addresses not validated    kNone: DANE does not apply (DA-04, DA-08)
//     no validated TLSA record                kNone
//     a lookup that failed or is bogus        kUnreachable: this host gets no mail now (DA-03)
//     validated records, none of them usable  kEncrypted: TLS, with any certificate (DA-07)
//     validated and usable records            kProven: TLS, and a certificate of theirs (DA-06)
//
// An attacker can make a lookup fail, but not make a signed zone look unsigned: so failing is never
// taken for kNone.
//
// TLSA records are looked for at `_PORT._tcp.` of where CNAMEs lead, if all of them are validated,
// then of the host's own name (DA-05). Nothing is asked when the addresses are not validated: name
// servers that fail at TLSA are found in zones without signatures.
//
// RFC:       7672 2.1, 2.2, 3.2.2 (names for DANE-TA)
// Determinism: pure, given the resolver's answers
#pragma once

#include <string>
#include <vector>

#include "dns/mx_plan.h"
#include "dns/resolver.h"
#include "runtime/task.h"
#include "runtime/tlsa_record.h"

namespace convoy::dane {

enum class Level { kNone, kUnreachable, kEncrypted, kProven };

struct HostTls {
  Level level = Level::kNone;
  std::string base;                 // TLSA base domain: the name for SNI (DA-13); kProven only
  std::vector<std::string> names;   // other names the certificate may be for (DA-10)
  std::vector<TlsaRecord> records;  // those that decide
  std::string why;                  // of kNone and kUnreachable, for people
};

// `host` must outlive the task.
Task<HostTls> LookUpHost(dns::Resolver& resolver, const dns::MxHost& host);

}  // namespace convoy::dane
