#!/usr/bin/env bash
# The lint over the whole tree; tidy.py finds the workspace through the link to itself.
exec /usr/bin/python3 -B tools/tidy/tidy.py
