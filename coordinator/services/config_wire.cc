#include "coordinator/services/config_wire.h"

#include "config/bundle.h"

namespace convoy::coordinator {

// A protobuf string is UTF-8, and a file may hold anything.
void ToWire(const config::Diagnostic& diagnostic, mta::v1::ConfigDiagnostic* out) {
  out->set_error(diagnostic.severity == config::Severity::kError);
  out->set_file(config::Printable(diagnostic.where.file));
  out->set_line(static_cast<uint32_t>(diagnostic.where.line));
  out->set_column(static_cast<uint32_t>(diagnostic.where.column));
  out->set_message(config::Printable(diagnostic.message.text()));
  out->set_hint(config::Printable(diagnostic.hint.text()));
}

void ToWire(const ConfigRecord& record, uint64_t current, mta::v1::ConfigEntry* out) {
  out->set_version(record.version);
  out->set_time_unix_ms(record.time_ms);
  out->set_who(record.who);
  out->set_comment(record.comment);
  out->set_fingerprint(record.fingerprint);
  out->set_rollback_of(record.rollback_of);
  out->set_current(record.version == current);
  out->set_files(record.files);
  out->set_bytes(record.octets);
  if (record.files != 0) return;
  if (const auto bundle = config::DecodeBundle(record.bundle); bundle.ok()) {
    out->set_files(static_cast<uint32_t>(bundle->files.size()));
    out->set_bytes(bundle->bytes());
  }
}

}  // namespace convoy::coordinator
