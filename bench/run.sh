#!/usr/bin/env bash
# bazel-bin/bench/run: one measured run on loopback. See bench/run.py --help.
set -euo pipefail
root="${RUNFILES_DIR:-$0.runfiles}/convoy"
export CONVOY_BIN="$root" PYTHONDONTWRITEBYTECODE=1
exec /usr/bin/python3 "$root/bench/run.py" "$@"
