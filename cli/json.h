// A message as JSON for programs: every field by its name in the .proto, set or not.
//
// Unlike Protobuf's own mapping, 64-bit integers are numbers, so that `jq` can add them; none of
// ours comes near 2^53. Enumerations are their names; a message field that is not set is null.
//
// Determinism: pure
#pragma once

#include <google/protobuf/message.h>

#include <string>

namespace convoy::cli {

// Indented, with a line end.
std::string ToJson(const google::protobuf::Message& message);

}  // namespace convoy::cli
