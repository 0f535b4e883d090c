// Fuzzes the parsers of record data, which are fed by any name server in the world.
//
// 1. The first byte chooses the record type, the rest is its data.
// 2. Asserted: an accepted host name is normalised, has no control character and at most 4 x 255
//    octets; a text is never longer than its data; an address has its type's size.

#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "base/text.h"
#include "dns/host_name.h"
#include "dns/rdata.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace convoy::dns;
  if (size == 0) return 0;
  constexpr RecordType kTypes[] = {RecordType::kA,    RecordType::kMx,   RecordType::kTxt,
                                   RecordType::kAaaa, RecordType::kTlsa, RecordType::kCname};
  const RecordType type = kTypes[data[0] % 6];
  const std::string_view rest(reinterpret_cast<const char*>(data + 1), size - 1);
  DnsAnswer answer;
  const bool accepted = AddRecord(rest, type, &answer);
  CHECK(accepted == (answer.mx.size() + answer.texts.size() + answer.addresses.size() == 1));
  for (const MxRecord& mx : answer.mx) {
    CHECK(!mx.host.empty() && mx.host.size() <= 4 * 255);
    CHECK(convoy::Lower(mx.host) == mx.host);
    CHECK(convoy::Escape(mx.host).find("\\x") == std::string::npos);
    CHECK(mx.host == "." || NormalName(mx.host) == mx.host);
  }
  for (const std::string& text : answer.texts) {
    CHECK(text.size() <= (type == RecordType::kCname ? 4 * 255 : rest.size()));
  }
  for (const convoy::IpAddress& ip : answer.addresses) {
    CHECK(!ip.is_v6() || type == RecordType::kAaaa);  // an AAAA may be v4-mapped
  }
  return 0;
}
