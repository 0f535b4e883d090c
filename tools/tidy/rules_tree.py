"""Rules about the tree as a whole: files no target builds, large files."""

import os
import re

FILE_BYTES_MAX = 512 * 1024


def unbuilt(sources):
    """A .cc or .h that no BUILD file on its way to the root names or globs."""
    builds = {os.path.dirname(s.path): s.text for s in sources if s.path.endswith("BUILD.bazel")}
    for source in sources:
        if re.search(r"\.(?:cc|h)$", source.path) and not _is_built(source.path, builds):
            yield source.finding(1, "unbuilt", "no target in BUILD.bazel has this file")


def _is_built(path, builds):
    folder = os.path.dirname(path)
    while folder and folder not in builds:
        folder = os.path.dirname(folder)
    text = builds.get(folder, "")
    name = os.path.relpath(path, folder) if folder else path
    stem = os.path.splitext(name)[0]
    # A macro may derive "x.h" and "x.cc" from "x".
    return '"%s"' % name in text or '"%s"' % stem in text or "glob(" in text


def large(source):
    size = len(source.text.encode("utf-8", "surrogateescape"))
    if size > FILE_BYTES_MAX:
        yield source.finding(1, "large-file", "%d bytes, at most %d" % (size, FILE_BYTES_MAX))
