// The hash that a DKIM signature signs: the chosen header fields, then the signature field itself.
//
// RFC:       6376 3.7 (order, own b= empty, no last CRLF), 6376 5.4.2 (repeated fields bottom-up)
// Determinism: pure
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dkim/canonical.h"
#include "mail/message.h"

namespace convoy::dkim {

// The 32 octets of the hash. `names` is the h= list in order: each mention takes the lowest
// instance of the field not yet taken; a mention with none left counts as empty. `signature_field`
// is the whole DKIM-Signature field with the value of b= removed. `own` is that field in the block
// when a signature is verified (it is not an instance to take), null when one is made.
std::string HeaderHash(Canonicalization c, const mail::HeaderBlock& header,
                       const std::vector<std::string>& names, std::string_view signature_field,
                       const mail::HeaderField* own = nullptr);

}  // namespace convoy::dkim
