"""What conformance.py takes for a duty, for a test of one, and for a mistake."""

import collections
import unittest

from tools.conformance import conformance
from tools.conformance.conformance import Duty, Test


class DutiesTest(unittest.TestCase):
    def test_sections_lines_and_reasons(self):
        duties = conformance.parse_duties(
            "# c\n\n## A\nMX-01 M RFC 5321 5.1 | one\nMX-02 P - | two\nopen: not built\n")
        self.assertEqual(duties, [Duty("A", "MX-01", "M", "RFC 5321 5.1", "one", ""),
                                  Duty("A", "MX-02", "P", "-", "two", "not built")])

    def test_what_is_no_duty_is_named_with_its_line(self):
        with self.assertRaisesRegex(conformance.Mistake, "txt:2: not a duty: MX-1 M x"):
            conformance.parse_duties("## A\nMX-1 M x | y\n")

    def test_an_id_may_stand_once(self):
        with self.assertRaisesRegex(conformance.Mistake, "twice: MX-01"):
            conformance.parse_duties("MX-01 M a | b\nMX-01 S a | c\n")


class TestsTest(unittest.TestCase):
    def ids(self, path, text=""):
        return [(duty, test.name) for duty, test in conformance.tests_of_file(path, text)]

    def test_names_in_cxx(self):
        text = ("TEST(Plan, MX05_NeverTheAddress) {\nTEST_F(Address, UT_03_UT_04_ALabels) {\n"
                "TEST_P(All, Plays) {\n// TEST(No, MX_06_Comment)\n")
        self.assertEqual(self.ids("dns/plan_test.cc", text),
                         [("MX-05", "Plan.MX05_NeverTheAddress"),
                          ("UT-03", "Address.UT_03_UT_04_ALabels"),
                          ("UT-04", "Address.UT_03_UT_04_ALabels")])

    def test_transcripts_python_and_effects(self):
        self.assertEqual(self.ids("tests/t/SM-15_closed.smtp"), [("SM-15", "SM-15_closed")])
        self.assertEqual(self.ids("tests/e2e/a.py", "    def test_DA_06_no_clear_text(self):\n"),
                         [("DA-06", "test_DA_06_no_clear_text")])
        self.assertEqual(self.ids("tests/effects/a.effect", "# about\n# shows SM-22 SM-35\n"),
                         [("SM-22", "a"), ("SM-35", "a")])


class MistakesTest(unittest.TestCase):
    def mistakes(self, level, reason, tested):
        tests = collections.defaultdict(list)
        if tested:
            tests["MX-01"] = [Test("a_test.cc", "A.MX_01_B")]
        return list(conformance.find_mistakes([Duty("", "MX-01", level, "-", "x", reason)], tests))

    def test_a_must_has_a_test_or_a_reason_and_not_both(self):
        self.assertEqual(len(self.mistakes("M", "", False)), 1)
        self.assertEqual(len(self.mistakes("M", "later", True)), 1)
        self.assertEqual(self.mistakes("M", "", True), [])
        self.assertEqual(self.mistakes("M", "later", False), [])
        self.assertEqual(self.mistakes("S", "", False), [])


if __name__ == "__main__":
    unittest.main()
