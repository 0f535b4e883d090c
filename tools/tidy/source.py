"""A file under lint: its text, its kind, and the findings a rule can report against it."""

import collections
import functools
import os
import re

import cpp_text

Finding = collections.namedtuple("Finding", "path line rule message")

_ALLOW = re.compile(r"tidy: allow ([\w-]+): \S+")
_KINDS = {
    ".cc": "cpp",
    ".h": "cpp",
    ".py": "python",
    ".bzl": "starlark",
    ".proto": "proto",
    ".sh": "shell",
    ".md": "prose",
}


class Source:
    """One file. `path` is relative to the root of the workspace, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and not self.lines[-1]:
            self.lines.pop()

    @functools.cached_property
    def kind(self):
        name = os.path.basename(self.path)
        if name in ("BUILD", "BUILD.bazel", "WORKSPACE"):
            return "starlark"
        kind = _KINDS.get(os.path.splitext(name)[1])
        if kind is None and self.text.startswith("#!"):
            kind = "python" if "python" in self.lines[0] else "shell"
        return kind or "other"

    @functools.cached_property
    def code(self):
        """C++ without comments and literals; of other kinds, the text itself."""
        return cpp_text.strip(self.text) if self.kind == "cpp" else self.text

    @functools.cached_property
    def code_lines(self):
        return self.code.split("\n")

    @property
    def directory(self):
        """The library: the first component of the path, empty at the root."""
        return self.path.split("/")[0] if "/" in self.path else ""

    def is_test(self):
        return bool(re.search(r"_(?:test|fuzz|bench)\.(?:cc|py)$", self.path))

    def allows(self, line, rule):
        """Whether `// tidy: allow RULE: reason` stands on the line or on the one above it."""
        for number in (line, line - 1):
            if 1 <= number <= len(self.lines):
                found = _ALLOW.search(self.lines[number - 1])
                if found and found.group(1) == rule:
                    return True
        return False

    def finding(self, line, rule, message):
        return Finding(self.path, line, rule, message)
