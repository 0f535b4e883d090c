#!/usr/bin/env python3
"""The conformance table: which duty of which standard is shown by which tests.

    tools/conformance/conformance.py            print the table
    tools/conformance/conformance.py --write    write it to docs/conformance.md
    tools/conformance/conformance.py --check    exit 1 if that file is not what it should be, or if
                                                a must has neither a test nor a reason, or both

Duties are in duties.txt beside this file. A test shows a duty by its name: TEST(Suite,
MX_05_What...) in C++, MX-05_what.smtp among the transcripts, test_MX_05_what in Python; an
experiment in tests/effects by a line "# shows MX-05". Nothing is run here: that the tests pass is
what ./test says.
"""

import collections
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
DUTIES = "tools/conformance/duties.txt"
TABLE = "docs/conformance.md"

DUTY = re.compile(r"^([A-Z]{2}-\d\d) ([MSP]) (.+?) \| (.+)$")
CXX_TEST = re.compile(r"^(?:TEST|TEST_F|TEST_P)\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTHON_TEST = re.compile(r"^ *def (test_\w+)\(", re.MULTILINE)
SHOWS = re.compile(r"^# shows ([A-Z]{2}-\d\d(?: [A-Z]{2}-\d\d)*)$", re.MULTILINE)
ID = re.compile(r"(?:^|_)([A-Z]{2})_?(\d\d)(?=_|$)")
LEVELS = {"M": "must", "S": "should", "P": "practice"}

Duty = collections.namedtuple("Duty", "section id level reference text reason")
Test = collections.namedtuple("Test", "path name")


class Mistake(Exception):
    pass


def parse_duties(text):
    """The duties in their order; Mistake names the line."""
    duties = []
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("open: ") and duties:
            duties[-1] = duties[-1]._replace(reason=line[len("open: "):])
        elif line and not line.startswith("#"):
            match = DUTY.match(line)
            if not match:
                raise Mistake(f"{DUTIES}:{number}: not a duty: {line}")
            duties.append(Duty(section, *match.groups(), ""))
    ids = [duty.id for duty in duties]
    twice = [name for name, count in collections.Counter(ids).items() if count > 1]
    if twice:
        raise Mistake(f"{DUTIES}: twice: {' '.join(twice)}")
    return duties


def ids_of(name):
    return [f"{letters}-{digits}" for letters, digits in ID.findall(name)]


def tests_of_file(path, text):
    """(id, Test) for each test of the file that names a duty."""
    if path.endswith(".smtp"):
        name = pathlib.PurePath(path).stem
        return [(name[:5], Test(path, name))]
    if path.endswith(".effect"):
        name = pathlib.PurePath(path).stem
        return [(duty, Test(path, name)) for ids in SHOWS.findall(text) for duty in ids.split()]
    if path.endswith(".cc"):
        names = [f"{suite}.{test}" for suite, test in CXX_TEST.findall(text)]
    else:
        names = PYTHON_TEST.findall(text)
    return [(duty, Test(path, name)) for name in names
            for duty in ids_of(name.split(".")[-1].removeprefix("test_"))]


def is_source_of_tests(path):
    return path.endswith(("_test.cc", ".smtp", "_test.py", ".effect")) or (
        path.startswith("tests/") and path.endswith(".py"))


def find_tests(root):
    files = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                           cwd=root, check=True, capture_output=True, text=True)
    tests = collections.defaultdict(list)
    for path in sorted(filter(is_source_of_tests, files.stdout.splitlines())):
        if not (root / path).is_file():
            continue
        for duty, test in tests_of_file(path, (root / path).read_text(errors="replace")):
            tests[duty].append(test)
    return tests


def find_mistakes(duties, tests):
    for duty in duties:
        if duty.level == "M" and not tests[duty.id] and not duty.reason:
            yield f"{duty.id} ({duty.text}): no test has this id in its name, and no reason"
        if tests[duty.id] and duty.reason:
            yield f"{duty.id}: has a test and is said to be open; remove the reason in {DUTIES}"


def render_tests(tests):
    by_file = collections.defaultdict(list)
    for test in tests:
        folder = str(pathlib.PurePath(test.path).parent)
        where = folder if test.path.endswith((".smtp", ".effect")) else test.path
        by_file[where].append(test.name.split(".")[-1])
    return "; ".join(f"`{where}`: {', '.join(names)}" for where, names in by_file.items())


def render(duties, tests):
    lines = [
        "# Conformance", "",
        "Which duty is shown by which tests; `tools/conformance/conformance.py` makes it from",
        "`tools/conformance/duties.txt` and the names of the tests, and checked by `./test`.", "",
        "| level | duties | shown by a test | open |", "| --- | --- | --- | --- |",
    ]
    for level, word in LEVELS.items():
        chosen = [duty for duty in duties if duty.level == level]
        shown = sum(1 for duty in chosen if tests[duty.id])
        lines.append(f"| {word} | {len(chosen)} | {shown} | {len(chosen) - shown} |")
    section = None
    for duty in duties:
        if duty.section != section:
            section = duty.section
            lines += ["", f"## {section}", "", "| id | level | duty | standard | shown by |",
                      "| --- | --- | --- | --- | --- |"]
        shown = render_tests(tests[duty.id])
        if not shown:
            shown = f"**open**: {duty.reason}" if duty.reason else "**open**"
        reference = "" if duty.reference == "-" else duty.reference
        level = LEVELS[duty.level]
        lines.append(f"| {duty.id} | {level} | {duty.text} | {reference} | {shown} |")
    return "\n".join(lines) + "\n"


def main(arguments):
    try:
        duties = parse_duties((ROOT / DUTIES).read_text())
    except Mistake as mistake:
        print(mistake, file=sys.stderr)
        return 1
    tests = find_tests(ROOT)
    table = render(duties, tests)
    if arguments == ["--write"]:
        (ROOT / TABLE).write_text(table)
        return 0
    if arguments != ["--check"]:
        print(table, end="")
        return 0
    mistakes = list(find_mistakes(duties, tests))
    if not (ROOT / TABLE).is_file() or (ROOT / TABLE).read_text() != table:
        mistakes.append(f"{TABLE} is not up to date: run tools/conformance/conformance.py --write")
    for mistake in mistakes:
        print(mistake)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
