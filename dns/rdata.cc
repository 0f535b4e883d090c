#include "dns/rdata.h"

#include <utility>

#include "base/text.h"

namespace convoy::dns {
namespace {

constexpr size_t kNameBytesMax = 255;
constexpr size_t kLabelBytesMax = 63;

void AppendLabel(std::string_view label, std::string* out) {
  for (const char c : label) {
    if (IsAlnum(c) || c == '-' || c == '_') {
      out->push_back(LowerChar(c));
    } else {
      const int value = static_cast<unsigned char>(c);
      CatTo(out, '\\', value / 100, value / 10 % 10, value % 10);
    }
  }
}

}  // namespace

std::optional<std::string> ParseName(std::string_view data) {
  if (data.empty() || data.size() > kNameBytesMax) return std::nullopt;
  std::string name;
  for (;;) {
    if (data.empty()) return std::nullopt;
    const size_t length = static_cast<unsigned char>(data.front());
    data.remove_prefix(1);
    if (length == 0) break;
    if (length > kLabelBytesMax || length > data.size()) return std::nullopt;
    if (!name.empty()) name.push_back('.');
    AppendLabel(data.substr(0, length), &name);
    data.remove_prefix(length);
  }
  if (!data.empty()) return std::nullopt;
  return name.empty() ? "." : name;
}

std::optional<IpAddress> ParseAddress(std::string_view data, RecordType type) {
  const size_t size = type == RecordType::kA ? 4 : 16;
  if (data.size() != size) return std::nullopt;
  const absl::StatusOr<IpAddress> ip = IpAddress::FromBytes(data);
  if (!ip.ok()) return std::nullopt;
  return *ip;
}

std::optional<MxRecord> ParseMx(std::string_view data) {
  if (data.size() < 3) return std::nullopt;
  std::optional<std::string> host = ParseName(data.substr(2));
  if (!host.has_value()) return std::nullopt;
  const int high = static_cast<unsigned char>(data[0]);
  const int low = static_cast<unsigned char>(data[1]);
  return MxRecord{.preference = static_cast<uint16_t>(high * 256 + low), .host = *std::move(host)};
}

std::optional<std::string> ParseText(std::string_view data) {
  if (data.empty()) return std::nullopt;
  std::string text;
  while (!data.empty()) {
    const size_t length = static_cast<unsigned char>(data.front());
    data.remove_prefix(1);
    if (length > data.size()) return std::nullopt;
    text.append(data.substr(0, length));
    data.remove_prefix(length);
  }
  return text;
}

bool AddRecord(std::string_view data, RecordType type, DnsAnswer* answer) {
  switch (type) {
    case RecordType::kA:
    case RecordType::kAaaa:
      if (const auto ip = ParseAddress(data, type); ip.has_value()) {
        answer->addresses.push_back(*ip);
        return true;
      }
      return false;
    case RecordType::kMx:
      if (auto mx = ParseMx(data); mx.has_value()) {
        answer->mx.push_back(*std::move(mx));
        return true;
      }
      return false;
    case RecordType::kTxt:
      if (auto text = ParseText(data); text.has_value()) {
        answer->texts.push_back(*std::move(text));
        return true;
      }
      return false;
    case RecordType::kCname:
      if (auto name = ParseName(data); name.has_value()) {
        answer->texts.push_back(*std::move(name));
        return true;
      }
      return false;
    case RecordType::kTlsa:
      answer->texts.emplace_back(data);
      return true;
  }
  return false;
}

}  // namespace convoy::dns
