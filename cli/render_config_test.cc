#include "cli/render_config.h"

#include <gtest/gtest.h>

namespace convoy::cli {
namespace {

mta::v1::ConfigDiagnostic Diagnostic(bool error, const std::string& message) {
  mta::v1::ConfigDiagnostic d;
  d.set_error(error);
  d.set_file("/etc/convoy.conf");
  d.set_line(7);
  d.set_column(5);
  d.set_message(message);
  d.set_hint("did you mean 'x'?");
  return d;
}

TEST(RenderReload, AppliedNamesWarningsOfShardsOnceAndWhoHasNotConfirmed) {
  mta::v1::ReloadResponse reload;
  reload.set_applied(true);
  reload.set_version(8);
  reload.set_commit_ms(12);
  *reload.add_diagnostics() = Diagnostic(false, "old name");
  mta::v1::ShardReload* a = reload.add_shards();
  a->set_shard("shard-a");
  a->set_running(true);
  *a->add_diagnostics() = Diagnostic(false, "old name");
  *a->add_diagnostics() = Diagnostic(false, "takes effect at restart: smtp-listener");
  mta::v1::ShardReload* b = reload.add_shards();
  b->set_shard("shard-b");
  b->set_problem("has not confirmed");
  EXPECT_EQ(
      RenderReload(reload),
      "/etc/convoy.conf:7:5: warning: old name (did you mean 'x'?)\n"
      "shard-a: /etc/convoy.conf:7:5: warning: takes effect at restart: smtp-listener (did you "
      "mean 'x'?)\n"
      "shard-b: has not confirmed\n"
      "Version 8 is in effect on 1 of 2 shards with a lease (12 ms).\n");
}

TEST(RenderReload, RefusedSaysThatNothingHasChanged) {
  mta::v1::ReloadResponse reload;
  *reload.add_diagnostics() = Diagnostic(true, "unknown directive");
  EXPECT_EQ(RenderReload(reload),
            "/etc/convoy.conf:7:5: error: unknown directive (did you mean 'x'?)\n"
            "Refused: nothing has changed anywhere.\n");
}

// The coordinator has escaped what is no text; a terminal shows that as it is.
TEST(RenderReload, OctetsOfAFileAreShownOnceEscaped) {
  mta::v1::ReloadResponse reload;
  *reload.add_diagnostics() = Diagnostic(true, "no 'caf\\xe9' nor 'caf\xc3\xa9'\x1b");
  EXPECT_EQ(
      RenderReload(reload),
      "/etc/convoy.conf:7:5: error: no 'caf\\xe9' nor 'caf\xc3\xa9'\\x1b (did you mean 'x'?)\n"
      "Refused: nothing has changed anywhere.\n");
}

TEST(RenderConfig, NamesVersionsProblemsAndWhatWaitsForARestart) {
  mta::v1::ShowConfigResponse config;
  config.mutable_current()->set_version(8);
  config.mutable_current()->set_fingerprint("f00d");
  config.mutable_current()->set_time_unix_ms(1700000000000);
  config.mutable_current()->set_who("ann@host");
  config.set_file("/etc/convoy.conf");
  mta::v1::ShardConfig* a = config.add_shards();
  a->set_shard("shard-a");
  a->mutable_running()->set_version(8);
  a->mutable_running()->set_fingerprint("f00d");
  a->mutable_running()->set_since_unix_ms(1700000000000);
  a->mutable_running()->add_pending_restart("acct-file");
  a->mutable_running()->add_pending_restart("name-server");
  mta::v1::ShardConfig* b = config.add_shards();
  b->set_shard("shard-b");
  b->mutable_running()->set_problem("cannot take version 8: no key");
  mta::v1::ShardConfig* c = config.add_shards();
  c->set_shard("shard-c");
  c->set_unreachable("refused");
  EXPECT_EQ(
      RenderConfig(config),
      "Version 8, fingerprint f00d, since 2023-11-14 22:13:20 UTC by ann@host\n"
      "File    /etc/convoy.conf\n\n"
      "shard     version  fingerprint  since                    state\n"
      "shard-a         8  f00d         2023-11-14 22:13:20 UTC  ok; takes effect at restart: "
      "acct-file, name-server\n"
      "shard-b  own file               -                        cannot take version 8: no key\n"
      "shard-c  own file               -                        does not answer: refused\n");
}

TEST(RenderHistory, NewestIsMarkedAndARollbackSaysOfWhat) {
  mta::v1::HistoryResponse history;
  EXPECT_EQ(RenderHistory(history), "No versions: the coordinator was started without --config.\n");
  mta::v1::ConfigEntry* v = history.add_versions();
  v->set_version(3);
  v->set_current(true);
  v->set_who("ann@host");
  v->set_comment("too slow");
  v->set_rollback_of(1);
  v->set_files(2);
  v->set_bytes(1536);
  v->set_fingerprint("f00d");
  v->set_time_unix_ms(1700000000000);
  EXPECT_EQ(
      RenderHistory(history),
      "version  since                    who       files  kbytes  fingerprint  comment\n"
      "     3*  2023-11-14 22:13:20 UTC  ann@host      2     1.5  f00d         as 1: too slow\n");
}

}  // namespace
}  // namespace convoy::cli
