#include "cli/json.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>

namespace convoy::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using Json = nlohmann::ordered_json;

Json ToValue(const Message& message);

// The value of a field, or of its element `at` if it is repeated.
Json FieldValue(const Message& message, const FieldDescriptor* field, int at) {
  const google::protobuf::Reflection& r = *message.GetReflection();
  const bool repeated = field->is_repeated();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return repeated ? r.GetRepeatedInt32(message, field, at) : r.GetInt32(message, field);
    case FieldDescriptor::CPPTYPE_INT64:
      return repeated ? r.GetRepeatedInt64(message, field, at) : r.GetInt64(message, field);
    case FieldDescriptor::CPPTYPE_UINT32:
      return repeated ? r.GetRepeatedUInt32(message, field, at) : r.GetUInt32(message, field);
    case FieldDescriptor::CPPTYPE_UINT64:
      return repeated ? r.GetRepeatedUInt64(message, field, at) : r.GetUInt64(message, field);
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return repeated ? r.GetRepeatedDouble(message, field, at) : r.GetDouble(message, field);
    case FieldDescriptor::CPPTYPE_FLOAT:
      return repeated ? r.GetRepeatedFloat(message, field, at) : r.GetFloat(message, field);
    case FieldDescriptor::CPPTYPE_BOOL:
      return repeated ? r.GetRepeatedBool(message, field, at) : r.GetBool(message, field);
    case FieldDescriptor::CPPTYPE_ENUM:
      return (repeated ? r.GetRepeatedEnum(message, field, at) : r.GetEnum(message, field))->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return repeated ? r.GetRepeatedString(message, field, at) : r.GetString(message, field);
    case FieldDescriptor::CPPTYPE_MESSAGE:
      if (!repeated && !r.HasField(message, field)) return nullptr;
      return ToValue(repeated ? r.GetRepeatedMessage(message, field, at)
                              : r.GetMessage(message, field));
  }
  return nullptr;
}

Json ToValue(const Message& message) {
  Json object = Json::object();
  const google::protobuf::Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (!field->is_repeated()) {
      object[field->name()] = FieldValue(message, field, 0);
      continue;
    }
    Json array = Json::array();
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int at = 0; at < size; ++at) array.push_back(FieldValue(message, field, at));
    object[field->name()] = std::move(array);
  }
  return object;
}

}  // namespace

std::string ToJson(const Message& message) {
  // Strings of ours are UTF-8; anything else must not throw.
  return ToValue(message).dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace convoy::cli
