#include "tests/effects/stage.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/text.h"
#include "dns/resolver.h"

namespace convoy::effects {
LinkOptions StillLink() {
  LinkOptions link;
  link.latency_min = link.latency_max = {};
  link.segment_bytes_min = link.segment_bytes_max;
  link.tls_latency = {};
  return link;
}

void NotedResolver::Resolve(std::string name, dns::RecordType type, dns::AnswerDone done) {
  questions_.push_back({loop_.MonoNow(), Cat(ToString(type), " ", name)});
  table_.Resolve(std::move(name), type, std::move(done));
}

Stage::Stage(std::shared_ptr<const config::Config> config)
    : start_(loop_.MonoNow()),
      network_(loop_, Rng(1), StillLink()),
      table_(loop_),
      resolver_(loop_, table_),
      policies_(loop_),
      shard_(std::make_unique<Shard>(loop_, network_, resolver_, policies_, std::move(config))) {
  testing::internal::CaptureStderr();
  const absl::Status started = shard_->Start();
  if (!started.ok()) ADD_FAILURE() << started;
}

Stage::~Stage() {
  shard_->Stop();
  loop_.RunFor(Hours(2));
  const std::string log = testing::internal::GetCapturedStderr();
  if (testing::Test::HasFailure()) GTEST_LOG_(INFO) << log;
}

std::vector<std::string> Stage::Play(const std::vector<std::string>& scenario) {
  for (size_t i = 0; i < scenario.size(); ++i) {
    const std::string& text = scenario[i];
    Lines fields;  // the indented lines that follow
    while (i + 1 < scenario.size() && scenario[i + 1].starts_with("  ")) {
      fields.emplace_back(Trim(scenario[++i]));
    }
    const Words line(text);
    if (text.empty() || text[0] == '#') continue;
    if (line.At(0) == "run") {
      loop_.RunFor(ParseDuration(line.At(1)));
    } else if (line.At(0) == "show") {
      Show(line);
    } else if (!Arrange(line) && !Hand(line, fields)) {
      ADD_FAILURE() << "not understood: " << text;
    }
  }
  return seen_;
}

}  // namespace convoy::effects
