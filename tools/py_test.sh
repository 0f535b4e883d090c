#!/usr/bin/env bash
# Runs one Python test file: convoy_py_test gives its path from the root of the workspace.
exec /usr/bin/python3 -B tools/py_test_main.py "$@"
