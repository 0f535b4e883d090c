"""Rules about any text: lengths, unfinished marks, skipped tests, RFC citations, size on disk."""

import ast
import re

import cpp_text

COLUMNS_MAX = 100
FUNCTION_LINES_MAX = 70
FILE_LINES_SOFT = 400
FILE_LINES_MAX = 700
RFC_INDEX = "docs/rfc_index.md"

_CODE = ("cpp", "python", "starlark", "proto", "shell")
_UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b(?!\(#\d+\))")
_SKIPPED = re.compile(r"\bGTEST_S" r"KIP\b|\bDIS" r"ABLED_\w|\bunittest\.s" r"kip|\.s" r"kipTest\(")
_RFC = re.compile(r"\bRFC[ -]?(\d{3,5})\b")
_RFC_HEADER = re.compile(r"^// RFC:\s+(.*)$")
_RFC_HEADER_ITEM = re.compile(r"(?:^|[,;]\s*)(\d{3,5})\b")
_SHELL_FUNCTION = re.compile(r"^(\w+)\(\) \{$")


def line_length(source):
    if source.kind not in _CODE:
        return
    for number, line in enumerate(source.lines, 1):
        # A long include or URL cannot be broken.
        if len(line) > COLUMNS_MAX and "://" not in line and not line.startswith("#include"):
            yield source.finding(number, "line-length", "%d columns, at most 100" % len(line))


def file_length(source):
    if source.kind in _CODE and len(source.lines) > FILE_LINES_MAX:
        text = "%d lines, at most %d: split it by noun" % (len(source.lines), FILE_LINES_MAX)
        yield source.finding(1, "file-length", text)


def file_length_soft(source):
    """A warning, not a failure."""
    if source.kind in _CODE and FILE_LINES_SOFT < len(source.lines) <= FILE_LINES_MAX:
        yield source.finding(1, "file-length", "%d lines: is it one idea?" % len(source.lines))


def _functions(source):
    if source.kind == "cpp":
        return cpp_text.functions(source.code)
    if source.kind == "python":
        nodes = ast.walk(ast.parse(source.text))
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        return [(n.name, n.lineno, n.end_lineno) for n in nodes if isinstance(n, kinds)]
    return _shell_functions(source) if source.kind == "shell" else []


def _shell_functions(source):
    for number, line in enumerate(source.lines, 1):
        found = _SHELL_FUNCTION.match(line)
        if found and "}" in source.lines[number:]:
            yield found.group(1), number, source.lines.index("}", number) + 1


def function_length(source):
    for name, first, last in _functions(source):
        if last - first + 1 > FUNCTION_LINES_MAX:
            text = "%s has %d lines, at most %d" % (name, last - first + 1, FUNCTION_LINES_MAX)
            yield source.finding(first, "function-length", text)


def unfinished(source):
    for number, line in enumerate(source.lines, 1):
        found = _UNFINISHED.search(line)
        if found and source.kind != "other":
            text = "%s without an issue number: write (#12) after it" % found.group(1)
            yield source.finding(number, "unfinished", text)


def skipped_test(source):
    for number, line in enumerate(source.lines, 1):
        if source.kind in ("cpp", "python") and _SKIPPED.search(line):
            text = "a test is never skipped: mend it or delete it"
            yield source.finding(number, "skipped-test", text)


def rfc_numbers(index_text):
    """The numbers in the table of docs/rfc_index.md."""
    return set(re.findall(r"^\| (\d+) \|", index_text, re.MULTILINE))


def rfc_citation(source, known):
    """`known` is the set of numbers in the index."""
    for number, line in enumerate(source.lines, 1):
        cited = _RFC.findall(line)
        header = _RFC_HEADER.match(line)
        if header:
            cited += _RFC_HEADER_ITEM.findall(re.sub(r"\([^)]*\)", "", header.group(1)))
        for rfc in cited:
            if rfc not in known:
                text = "RFC %s is not in %s: mistyped, or add its title" % (rfc, RFC_INDEX)
                yield source.finding(number, "rfc-citation", text)
