#include "cli/render_config.h"

#include "base/text.h"
#include "cli/table.h"
#include "cli/units.h"
#include "config/diagnostic.h"

namespace convoy::cli {
namespace {

// "file:line:column: error: message (hint)", as config::Diagnostic has it.
std::string Line(const mta::v1::ConfigDiagnostic& d) {
  std::string line = d.file();
  if (d.line() != 0) CatTo(&line, ':', d.line());
  if (d.column() != 0) CatTo(&line, ':', d.column());
  CatTo(&line, line.empty() ? "" : ": ", d.error() ? "error: " : "warning: ", d.message());
  if (!d.hint().empty()) CatTo(&line, " (", d.hint(), ")");
  return config::Printable(line);
}

// What a shard says that the coordinator has not said already.
template <typename List>
bool Contains(const List& list, const mta::v1::ConfigDiagnostic& d) {
  for (const mta::v1::ConfigDiagnostic& known : list) {
    if (Line(known) == Line(d)) return true;
  }
  return false;
}

std::string Version(uint64_t version) { return version == 0 ? "own file" : Cat(version); }

std::string StateOf(const mta::v1::ShardConfig& shard, uint64_t current) {
  if (!shard.unreachable().empty()) return Cat("does not answer: ", shard.unreachable());
  std::string state = shard.running().version() == current ? "ok" : "behind";
  if (!shard.running().problem().empty()) state = shard.running().problem();
  const auto& pending = shard.running().pending_restart();
  for (int i = 0; i < pending.size(); ++i) {
    CatTo(&state, i == 0 ? "; takes effect at restart: " : ", ", pending[i]);
  }
  return state;
}

}  // namespace

std::string RenderReload(const mta::v1::ReloadResponse& reload) {
  std::string text;
  for (const mta::v1::ConfigDiagnostic& d : reload.diagnostics()) CatTo(&text, Line(d), "\n");
  size_t running = 0;
  for (const mta::v1::ShardReload& shard : reload.shards()) {
    running += shard.running() ? 1 : 0;
    if (!shard.problem().empty()) {
      CatTo(&text, shard.shard(), ": ", Escape(shard.problem()), "\n");
    }
    for (const mta::v1::ConfigDiagnostic& d : shard.diagnostics()) {
      if (!Contains(reload.diagnostics(), d)) CatTo(&text, shard.shard(), ": ", Line(d), "\n");
    }
  }
  if (!reload.applied()) return text + "Refused: nothing has changed anywhere.\n";
  CatTo(&text, "Version ", reload.version(), " is in effect on ", running, " of ",
        reload.shards_size(), " shards with a lease (", reload.commit_ms(), " ms).\n");
  return text;
}

std::string RenderHistory(const mta::v1::HistoryResponse& history) {
  using enum Align;
  if (history.versions().empty()) {
    return "No versions: the coordinator was started without --config.\n";
  }
  Table table({{"version", kRight},
               {"since"},
               {"who", kLeft, 30},
               {"files", kRight},
               {"kbytes", kRight},
               {"fingerprint"},
               {"comment", kLeft, 60}});
  for (const mta::v1::ConfigEntry& v : history.versions()) {
    std::string comment = v.comment();
    if (v.rollback_of() != 0) {
      comment = Cat("as ", v.rollback_of(), comment.empty() ? "" : ": ", comment);
    }
    table.Add({Cat(v.version(), v.current() ? "*" : " "), DateTime(v.time_unix_ms()), v.who(),
               Cat(v.files()), KBytes(v.bytes()), v.fingerprint(), comment});
  }
  return table.ToString();
}

std::string RenderConfig(const mta::v1::ShowConfigResponse& config) {
  using enum Align;
  std::string text;
  if (config.has_current()) {
    const mta::v1::ConfigEntry& c = config.current();
    CatTo(&text, "Version ", c.version(), ", fingerprint ", c.fingerprint(), ", since ",
          DateTime(c.time_unix_ms()), " by ", Escape(c.who()), "\n");
    if (!c.comment().empty()) CatTo(&text, "Comment ", Escape(c.comment()), "\n");
    CatTo(&text, "File    ", Escape(config.file()), "\n\n");
  } else {
    text = "The coordinator has no configuration; shards run their own files.\n\n";
  }
  Table table({{"shard"}, {"version", kRight}, {"fingerprint"}, {"since"}, {"state"}});
  for (const mta::v1::ShardConfig& shard : config.shards()) {
    const mta::v1::RunningConfig& running = shard.running();
    const bool told = running.since_unix_ms() != 0;
    table.Add({shard.shard(), Version(running.version()), running.fingerprint(),
               told ? DateTime(running.since_unix_ms()) : "-",
               StateOf(shard, config.current().version())});
  }
  return text + table.ToString();
}

}  // namespace convoy::cli
