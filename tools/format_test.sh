#!/usr/bin/env bash
# Every C++ and proto file is as clang-format writes it.
exec "$(readlink -f tools/format)" --check
