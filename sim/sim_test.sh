#!/usr/bin/env bash
# Runs the simulator as a test: sim_test.sh [OPTIONS of convoy-sim]
set -euo pipefail
exec sim/convoy-sim "$@"
