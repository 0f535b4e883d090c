// What people see, word by word: cli/goldens/*.txt. With CONVOY_UPDATE_GOLDENS=DIRECTORY in the
// environment of the test the files are written there instead.

#include "cli/render.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/units.h"

namespace convoy::cli {
namespace {

constexpr WallTime kNow = FromUnixMillis(1767323045000);  // 2026-01-02 03:04:05

void ExpectGolden(const std::string& name, const std::string& text) {
  if (const char* directory = std::getenv("CONVOY_UPDATE_GOLDENS")) {
    std::ofstream(Cat(directory, "/", name, ".txt")) << text;
    return;
  }
  std::ifstream file(Cat("cli/goldens/", name, ".txt"));
  ASSERT_TRUE(file) << "no golden file for " << name;
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), text);
}

mta::v1::ShardStatus Shard(const std::string& name, uint64_t scale) {
  mta::v1::ShardStatus s;
  s.set_shard(name);
  s.set_version("0.1.0");
  s.set_uptime_seconds(93784);
  s.mutable_traffic_in()->mutable_total()->set_recipients(1000 * scale);
  s.mutable_traffic_in()->mutable_total()->set_messages(900 * scale);
  s.mutable_traffic_in()->mutable_total()->set_bytes(2048 * 900 * scale);
  s.mutable_traffic_out()->mutable_last_hour()->set_recipients(7 * scale);
  s.set_connections_out(3);
  s.set_queues(2);
  s.set_queued_recipients(12 * scale);
  s.set_queued_bytes(1536);
  s.set_in_flight(4);
  s.set_delivered(990);
  s.set_memory_bytes(200 << 20);
  s.set_epoch(4);
  s.set_table_version(17);
  s.set_lease_valid(true);
  return s;
}

TEST(RenderTest, Status) {
  mta::v1::ShowStatusResponse status;
  mta::v1::CoordinatorStatus& c = *status.mutable_coordinator();
  c.set_version("0.1.0");
  c.set_epoch(4);
  c.set_table_version(17);
  c.set_uptime_seconds(3600);
  c.set_lease_ms(15000);
  c.set_shards_live(2);
  c.set_shards_total(3);
  c.set_now_unix_ms(kNow.unix_ms());
  c.add_problems("shard-c is silent and holds 1365 slots");
  *status.add_shards() = Shard("shard-a", 1);
  *status.add_shards() = Shard("shard-b", 10);
  status.mutable_shards(1)->set_lease_valid(false);
  status.mutable_shards(1)->set_disk_full(true);
  ExpectGolden("status", RenderStatus(status));
  ExpectGolden("shard_status", RenderShardStatus(status.shards(0), kNow));
}

TEST(RenderTest, ShardsWithLeaseAndState) {
  mta::v1::ShowShardsResponse shards;
  shards.set_epoch(2);
  shards.set_table_version(5);
  mta::v1::ShardRow* a = shards.add_shards();
  a->set_name("shard-a");
  a->set_state(mta::v1::SHARD_STATE_LIVE);
  a->set_lease_left_ms(12400);
  a->set_slots(2048);
  a->set_rpc_address("127.0.0.1:7001");
  a->set_smtp_address("127.0.0.1:2525");
  a->set_host_id("0123456789abcdef0123456789abcdef");
  a->add_egress()->set_virtual_mta("v1");
  mta::v1::ShardRow* b = shards.add_shards();
  b->set_name("b");
  b->set_state(mta::v1::SHARD_STATE_SILENT);
  b->set_lease_left_ms(-190000);
  b->set_slots(2048);
  b->set_slots_pending(100);
  b->set_rpc_address("127.0.0.1:7002");
  b->set_host_id("h");
  b->set_config_differs(true);
  ExpectGolden("shards", RenderShards(shards));
  EXPECT_EQ(RenderShards({}), "No shard has registered yet.\n");
}

TEST(RenderTest, QueuesInPowerMtasColumns) {
  mta::v1::ShowQueuesResponse queues;
  mta::v1::QueueRow* one = queues.add_queues();
  one->set_domain("gmail.com");
  one->set_virtual_mta("v1");
  one->set_recipients(120000);
  one->set_bytes(4096);
  one->set_connections(20);
  one->set_mode(mta::v1::QUEUE_MODE_BACKOFF);
  one->set_next_due_unix_ms(kNow.unix_ms() + 720000);
  one->set_shard("shard-a");
  one->set_last_error("421 4.7.28 " + std::string(100, 'x'));
  mta::v1::QueueRow* two = queues.add_queues();
  two->set_domain("hotmail.com");
  two->set_virtual_mta("v1");
  two->set_mode(mta::v1::QUEUE_MODE_PAUSED);
  two->set_shard("b");
  two->set_held_because("paused");
  two->set_last_error("\x1b[2J");
  mta::v1::QueueRow* three = queues.add_queues();
  three->set_domain("x.example");
  three->set_virtual_mta("v1");
  three->set_next_due_unix_ms(kNow.unix_ms() - 1);
  three->set_shard("b");
  three->set_held_because("lease lost");
  mta::v1::QueueRow* four = queues.add_queues();
  four->set_domain("y.example");
  four->set_virtual_mta("v1");
  four->set_shard("b");
  four->set_mode(mta::v1::QUEUE_MODE_BACKOFF);
  four->set_held_because("rate 1/h");
  four->mutable_backoff()->set_until_unix_ms(kNow.unix_ms() + 3'600'000);
  four->mutable_backoff()->set_reply("421 RP-001 slow");
  mta::v1::QueueRow* five = queues.add_queues();
  five->set_domain("z.example");
  five->set_virtual_mta("v1");
  five->set_shard("b");
  five->set_mode(mta::v1::QUEUE_MODE_BACKOFF);
  five->set_last_error("451 later");
  five->mutable_backoff()->set_by_operator(true);
  ExpectGolden("queues", RenderQueues(queues, kNow));
  queues.mutable_next();
  EXPECT_NE(RenderQueues(queues, kNow).find("More queues follow"), std::string::npos);
  EXPECT_EQ(RenderQueues({}, kNow), "No queues.\n");
}

TEST(RenderTest, Assignment) {
  mta::v1::ShowAssignmentResponse assignment;
  assignment.set_epoch(1);
  assignment.set_version(3);
  mta::v1::GroupRow* group = assignment.add_groups();
  group->set_id(1);
  group->add_virtual_mtas("v1");
  group->add_virtual_mtas("v2");
  mta::v1::SlotRange* mine = group->add_slots();
  mine->set_last(2047);
  mine->set_owner("shard-a");
  mta::v1::SlotRange* moving = group->add_slots();
  moving->set_first(2048);
  moving->set_last(2048);
  moving->set_owner("shard-b");
  moving->add_awaiting("shard-a");
  mta::v1::SlotRange* nobody = group->add_slots();
  nobody->set_first(2049);
  nobody->set_last(4095);
  ExpectGolden("assignment", RenderAssignment(assignment));
}

TEST(RenderTest, ChangeSubmitAndMissingShards) {
  mta::v1::ChangeQueueResponse change;
  change.set_matched(3);
  change.add_applied("a");
  change.add_applied("b");
  EXPECT_EQ(RenderChange("paused", "gmail.com/*", change),
            "gmail.com/* paused on 2 shards (a, b), queues with mail: 3\n");

  mta::v1::SubmitResponse answer;
  answer.set_message_id("00ff");
  mta::v1::RecipientResult* good = answer.add_recipients();
  good->set_address("a@b.example");
  good->set_state(mta::v1::RECIPIENT_STATE_QUEUED);
  mta::v1::RecipientResult* bad = answer.add_recipients();
  bad->set_address("stop@b.example");
  bad->set_state(mta::v1::RECIPIENT_STATE_SUPPRESSED);
  bad->set_detail("on a list");
  EXPECT_EQ(RenderSubmit(answer), R"(Message 00ff
recipient       result      detail
a@b.example     queued
stop@b.example  suppressed  on a list
)");

  mta::v1::ShowStatusResponse status;
  mta::v1::ShardError* error = status.add_unreachable();
  error->set_shard("c");
  error->set_message("127.0.0.1:1: no answer in time");
  EXPECT_EQ(RenderUnreachable(status.unreachable()),
            "convoy: c is missing in this answer: 127.0.0.1:1: no answer in time\n");
}

TEST(JsonTest, NamesNumbersAndWhatIsNotSet) {
  mta::v1::ShowQueuesResponse queues;
  mta::v1::QueueRow* row = queues.add_queues();
  row->set_domain("a.example");
  row->set_recipients(5'000'000'000);
  row->set_mode(mta::v1::QUEUE_MODE_BACKOFF);
  row->set_last_error("\xff");
  ExpectGolden("queues_json", ToJson(queues));
}

TEST(UnitsTest, Numbers) {
  EXPECT_EQ(KBytes(0), "0.0");
  EXPECT_EQ(KBytes(1536), "1.5");
  EXPECT_EQ(KBytes(UINT64_MAX), "18014398509481983.9");
  EXPECT_EQ(MBytes(400 << 20), "400.0");
  EXPECT_EQ(Span(Seconds(59)), "00:00:59");
  EXPECT_EQ(Span(Seconds(93784)), "1d 02:03:04");
  EXPECT_EQ(ShortSpan(Seconds(119)), "119s");
  EXPECT_EQ(ShortSpan(Minutes(90)), "90m");
  EXPECT_EQ(ShortSpan(Hours(47)), "47h");
  EXPECT_EQ(ShortSpan(Days(9)), "9d");
  EXPECT_EQ(DateTime(kNow.unix_ms()), "2026-01-02 03:04:05 UTC");
}

TEST(TableTest, CutsWideCellsAndEscapesAll) {
  Table table({{"a", Align::kLeft, 8}, {"b", Align::kRight}});
  table.Add({"123456789", "1"});
  table.Add({"x\n", "22"});
  EXPECT_EQ(table.ToString(), "a          b\n12345...   1\nx\\x0a     22\n");
}

}  // namespace
}  // namespace convoy::cli
