#!/usr/bin/env bash
# Runs one of the Python programs of this directory as a test: run.sh PROGRAM [ARGS...]
set -euo pipefail
export CONVOY_BIN="$PWD" PYTHONDONTWRITEBYTECODE=1 TMPDIR="${TEST_TMPDIR:-/tmp}"
export PATH="$PATH:/usr/sbin:/sbin"
program="$1"
shift
exec /usr/bin/python3 "tests/e2e/$program" "$@"
