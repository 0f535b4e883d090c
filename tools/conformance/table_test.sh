#!/usr/bin/env bash
# docs/conformance.md is what the duties and the names of the tests make of it.
exec /usr/bin/python3 -B "$(readlink -f tools/conformance/conformance.py)" --check
