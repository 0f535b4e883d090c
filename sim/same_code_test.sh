#!/usr/bin/env bash
# The simulator links the code of the daemons: a second model of it inside sim/ would be no proof.
set -euo pipefail
missing=0
expect() {  # expect DEPS-OF-A-DAEMON TARGET...
  local daemon="$1"
  shift
  for target in "$@"; do
    for deps in sim/sim_deps "$daemon"; do
      grep -qx "$target" "$deps" || { echo "$target is not linked by ${deps##*/}"; missing=1; }
    done
  done
}
expect sim/shard_deps //shard/schedule:schedule //smtp:smtp //shard/spool:spool \
  //shard/cluster:cluster //shard/queue:queue //shard/engine:engine //shard/ingest:ingest \
  //shard/suppress:suppress //shard/forward:new_mail_forwarder //shard/forward:hand_over
expect sim/coordinator_deps //coordinator:node //coordinator/assignment:assignment
exit "$missing"
