"""The counts printed by ./test, from build events as Bazel writes them."""

import contextlib
import io
import unittest

import count_tests

_ALL_GOOD = '<testsuites><testsuite><testcase status="run"/><testcase/></testsuite></testsuites>'
_ONE_OF_EACH = """<testsuites><testsuite>
<testcase name="a" status="run"/>
<testcase name="b"><failure/></testcase>
<testcase name="c" result="skipped"><skipped/></testcase>
<testcase name="d" status="notrun"/>
</testsuite></testsuites>"""


def target(label):
    return {"id": {"targetConfigured": {"label": label}}, "configured": {"testSize": "SMALL"}}


def ran(label, status="PASSED", attempt=1, shard=1):
    identity = {"label": label, "run": 1, "shard": shard, "attempt": attempt}
    return {"id": {"testResult": identity}, "testResult": {"status": status}}


class CountTest(unittest.TestCase):
    def count(self, events, junit):
        return count_tests.count(events, lambda event: junit)

    def test_cases_of_a_file(self):
        self.assertEqual(count_tests.cases(_ONE_OF_EACH), (1, 1, 1))

    def test_sums_targets_and_shards(self):
        events = [target("//a"), ran("//a", shard=1), ran("//a", shard=2)]
        events += [target("//b"), ran("//b")]
        self.assertEqual(self.count(events, _ALL_GOOD), (6, 0, 0, []))

    def test_target_that_did_not_build_fails(self):
        events = [target("//a"), target("//b"), ran("//b")]
        self.assertEqual(self.count(events, _ALL_GOOD), (2, 1, 0, ["//a"]))

    def test_crash_without_file_fails(self):
        events = [target("//a"), ran("//a", status="FAILED")]
        self.assertEqual(self.count(events, None), (0, 1, 0, []))
        self.assertEqual(self.count(events, "<testsu"), (0, 1, 0, []))
        self.assertEqual(self.count(events, _ALL_GOOD), (2, 1, 0, []))

    def test_script_without_file_counts_once(self):
        self.assertEqual(self.count([target("//a"), ran("//a")], None), (1, 0, 0, []))

    def test_last_attempt_counts(self):
        events = [target("//a"), ran("//a", "FAILED", attempt=1), ran("//a", "PASSED", attempt=2)]
        self.assertEqual(self.count(events, _ALL_GOOD), (2, 0, 0, []))

    def test_exit_status(self):
        self.assertEqual(count_tests.exit_status(5, 0, 0, 0), 0)
        self.assertEqual(count_tests.exit_status(5, 1, 0, 3), 1)
        self.assertEqual(count_tests.exit_status(5, 0, 1, 0), 1)
        self.assertEqual(count_tests.exit_status(0, 0, 0, 4), 1)
        self.assertEqual(count_tests.exit_status(5, 0, 0, 1), 1)

    def test_last_line(self):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            self.assertEqual(count_tests.main(["/nonexistent", "1"]), 1)
        self.assertEqual(output.getvalue(), "0 passed, 1 failed, 0 skipped\n")


if __name__ == "__main__":
    unittest.main()
