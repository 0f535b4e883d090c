"""Runs the unittest cases of one file and writes a JUnit file for Bazel.

    py_test_main.py FILE [argument...]

The arguments are left in sys.argv for the tests. TESTBRIDGE_TEST_ONLY (bazel --test_filter) selects
cases by a part of their name.
"""

import importlib.util
import os
import sys
import time
import unittest
import xml.etree.ElementTree as xml


class _Result(unittest.TextTestResult):
    """Keeps one XML element per case."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.cases = []
        self._started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self._started = time.monotonic()
        owner, _, name = test.id().rpartition(".")
        self.cases.append(xml.Element("testcase", classname=owner, name=name, status="run"))

    def stopTest(self, test):
        super().stopTest(test)
        self.cases[-1].set("time", "%.3f" % (time.monotonic() - self._started))

    def _mark(self, kind, text):
        # A class or module that cannot be set up fails without having started a case.
        if not self.cases:
            self.cases.append(xml.Element("testcase", classname="setup", name="setup"))
        xml.SubElement(self.cases[-1], kind).text = text

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._mark("failure", self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._mark("error", self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._mark("failure", str(subtest))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._mark("skipped", reason)


def _load(path):
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _write(path, cases):
    suite = xml.Element("testsuite", name="python", tests=str(len(cases)))
    suite.extend(cases)
    xml.ElementTree(suite).write(path, encoding="utf-8", xml_declaration=True)


def main(arguments):
    path = arguments[0]
    sys.argv = arguments
    sys.path[:0] = [os.path.dirname(os.path.abspath(path)), os.getcwd()]
    loader = unittest.TestLoader()
    wanted = os.environ.get("TESTBRIDGE_TEST_ONLY")
    if wanted:
        loader.testNamePatterns = ["*%s*" % wanted]
    suite = loader.loadTestsFromModule(_load(path))
    result = unittest.TextTestRunner(verbosity=2, resultclass=_Result).run(suite)
    if "XML_OUTPUT_FILE" in os.environ:
        _write(os.environ["XML_OUTPUT_FILE"], result.cases)
    if not result.cases:
        print("no test case in " + path, file=sys.stderr)
    return 0 if result.wasSuccessful() and result.cases else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
