#!/usr/bin/env python3
"""The lint of the repository: prints `path:line: rule: message`, exits 1 when there is any.

    python3 tools/tidy/tidy.py [path...]

Without paths, every file that git tracks or would track. A line is excused by a comment on it or
above it, which must give the reason: `// tidy: allow RULE: reason`.
"""

import os
import subprocess
import sys

import rules_cpp
import rules_layering
import rules_text
import rules_tree
from source import Source

_PER_FILE = (
    rules_text.line_length,
    rules_text.file_length,
    rules_text.function_length,
    rules_text.unfinished,
    rules_text.skipped_test,
    rules_layering.layering,
    rules_layering.private_library,
    rules_cpp.banned,
    rules_cpp.config_said,
    rules_cpp.shard_mutex,
    rules_cpp.coroutine_condition,
    rules_cpp.coroutine_catch,
    rules_cpp.coroutine_braces,
    rules_cpp.coroutine_lambda,
    rules_cpp.header,
    rules_tree.large,
)
_PER_TREE = (rules_layering.cycles, rules_tree.unbuilt)


def check_file(source):
    """All findings of the rules that look at one file."""
    found = [f for rule in _PER_FILE for f in rule(source)]
    return [f for f in found if not source.allows(f.line, f.rule)]


def check_tree(sources, known_rfcs):
    """All findings: per file, per tree, and citations against the index."""
    by_path = {s.path: s for s in sources}
    found = [f for s in sources for f in check_file(s)]
    found += [f for s in sources for f in rules_text.rfc_citation(s, known_rfcs)]
    found += [
        f
        for rule in _PER_TREE
        for f in rule(sources)
        if not by_path[f.path].allows(f.line, f.rule)
    ]
    return sorted(found)


def workspace_root():
    """The directory of WORKSPACE above this file, through the links Bazel makes to it."""
    folder = os.path.dirname(os.path.realpath(__file__))
    while not os.path.exists(os.path.join(folder, "WORKSPACE")):
        folder = os.path.dirname(folder)
    return folder


def tree_paths(root):
    """Tracked files and new ones that are not ignored, without those deleted on disk."""
    command = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z"]
    command += ["--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True).stdout
    paths = sorted(set(os.fsdecode(p) for p in listed.split(b"\0") if p))
    return [p for p in paths if os.path.isfile(os.path.join(root, p))]


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="surrogateescape") as file:
        return Source(path, file.read())


def main(arguments):
    root = workspace_root()
    sources = [read(root, path) for path in tree_paths(root)]
    index = next((s.text for s in sources if s.path == rules_text.RFC_INDEX), "")
    findings = check_tree(sources, rules_text.rfc_numbers(index))
    warnings = [w for s in sources for w in rules_text.file_length_soft(s)]
    wanted = [os.path.relpath(os.path.abspath(a), root) for a in arguments]
    if wanted:
        findings = [f for f in findings if f.path in wanted]
    for warning in warnings:
        print("%s: warning: %s" % (warning.path, warning.message))
    for finding in findings:
        print("%s:%d: %s: %s" % finding)
    print("tidy: %d files, %d findings" % (len(sources), len(findings)))
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
