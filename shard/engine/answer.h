// Turns what the session and the resolver say into the Answer that the verdict table judges.
//
// Determinism: pure
#pragma once

#include "absl/status/status.h"
#include "dns/mx_plan.h"
#include "shard/deliver/verdict.h"
#include "smtp/attempt.h"

namespace convoy::shard {

Phase FromSmtp(smtp::Phase phase);
// A reply, or without one the status that says why there is none.
Answer AnswerOf(Phase phase, const smtp::Reply& reply, const absl::Status& status);
Answer AnswerOf(const smtp::Outcome& outcome);
Verdict JudgeDnsFailure(const dns::PlanFailure& failure);

}  // namespace convoy::shard
