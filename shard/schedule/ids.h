// The identities the scheduler and the windows speak in.
//
// A queue is one (domain, virtual MTA) pair; a site is what shares the cluster-wide limits of one
// destination (queue-to name, rollup, else the domain); a session is one connection from the moment
// it is asked for until its end has been told. Session ids are chosen by the scheduler and never
// reused.
//
// Determinism: pure
#pragma once

#include <cstdint>

#include "base/strong_id.h"

namespace convoy::shard {

struct QueueIdTag;
struct SessionIdTag;
struct SiteIdTag;
struct VmtaIdTag;

using QueueId = StrongId<QueueIdTag, uint32_t>;
using SessionId = StrongId<SessionIdTag, uint64_t>;
using SiteId = StrongId<SiteIdTag, uint32_t>;
using VmtaId = StrongId<VmtaIdTag, uint32_t>;

}  // namespace convoy::shard
