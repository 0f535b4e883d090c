"""Counts test cases from Bazel's build events; prints the last line of ./test.

    count_tests.py EVENTS BAZEL_STATUS

A case is a <testcase> of the JUnit file that each test writes (GoogleTest and py_test_main.py do).
A target that did not build, did not run or died without such a file counts as one failed case. The
exit status is 0 when nothing failed, nothing was skipped, something ran and Bazel succeeded.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree as xml

# Bazel's own success, and its "no test was found".
_NO_TESTS_FOUND = 4


def cases(junit_text):
    """(passed, failed, skipped) of the <testcase> elements of one JUnit file."""
    passed = failed = skipped = 0
    for case in xml.fromstring(junit_text).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped += 1
        elif case.get("status") != "notrun":
            passed += 1
    return passed, failed, skipped


def _read_junit(event):
    for output in event["testResult"].get("testActionOutput", []):
        if output["name"] == "test.xml" and output.get("uri", "").startswith("file://"):
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
    return None


def result(event, read=_read_junit):
    """(passed, failed, skipped) of one testResult event: one run of one shard of a target."""
    ok = event["testResult"].get("status") in ("PASSED", "FLAKY")
    try:
        passed, failed, skipped = cases(read(event) or "<none/>")
    except (OSError, xml.ParseError):
        passed, failed, skipped = 0, 0, 0
    if not ok and failed == 0:
        failed = 1
    if ok and passed + failed + skipped == 0:
        passed = 1
    return passed, failed, skipped


def count(events, read=_read_junit):
    """Sums over all test targets; the last attempt of a shard is the one that counts."""
    wanted = set()
    results = {}
    for event in events:
        identity = event.get("id", {})
        configured = identity.get("targetConfigured")
        if configured and "configured" in event and "testSize" in event["configured"]:
            wanted.add(configured["label"])
        if "testResult" in event and "testResult" in identity:
            test = identity["testResult"]
            key = (test["label"], test.get("run", 1), test.get("shard", 1))
            if test.get("attempt", 1) >= results.get(key, (0,))[0]:
                results[key] = (test.get("attempt", 1), result(event, read))
    totals = [sum(column) for column in zip((0, 0, 0), *(r for _, r in results.values()))]
    absent = wanted - set(label for label, _, _ in results)
    return totals[0], totals[1] + len(absent), totals[2], sorted(absent)


def exit_status(passed, failed, skipped, bazel_status):
    if failed or skipped or not passed:
        return 1
    return bazel_status


def main(arguments):
    path, bazel_status = arguments[0], int(arguments[1])
    try:
        with open(path, encoding="utf-8") as file:
            events = [json.loads(line) for line in file]
    except (OSError, ValueError):
        events = []
    passed, failed, skipped, absent = count(events)
    for label in absent:
        print("did not build or run: " + label)
    if bazel_status not in (0, _NO_TESTS_FOUND) and not failed:
        # A broken BUILD file, or a target that is no test and does not compile.
        failed = 1
    if skipped:
        print("a skipped test is a failure: install what it needs with tools/setup")
    print("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return exit_status(passed, failed, skipped, bazel_status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
