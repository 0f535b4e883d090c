"""Each rule of the lint firing on a bad snippet and silent on the good one beside it."""

import unittest

import cpp_text
import rules_layering
import rules_text
import tidy
from source import Source

_ABSENT = 9998  # no such RFC in the index given here


def found(path, text, rule):
    """The lines of the findings of `rule` in a file of that path and text."""
    return [f.line for f in tidy.check_file(Source(path, text)) if f.rule == rule]


def functions(text):
    return list(cpp_text.functions(cpp_text.strip(text)))


class LengthTest(unittest.TestCase):
    def test_line(self):
        text = "x" * 100 + "\n" + "x" * 101 + "\n"
        self.assertEqual(found("base/a.cc", text, "line-length"), [2])
        self.assertEqual(found("docs/a.md", "x" * 101, "line-length"), [])
        self.assertEqual(found("base/a.cc", "// http://" + "x" * 101, "line-length"), [])

    def test_function(self):
        body = "  Call();\n"
        good = "void Good() {\n" + body * 68 + "}\n"
        bad = "void Bad() {\n" + body * 69 + "}\n"
        self.assertEqual(found("base/a.cc", good + bad, "function-length"), [71])
        self.assertEqual(found("a.py", "def f():\n" + "    f()\n" * 70, "function-length"), [1])
        self.assertEqual(found("a.sh", "f() {\n" + "  g\n" * 70 + "}\n", "function-length"), [1])

    def test_file(self):
        self.assertEqual(found("base/a.cc", ";\n" * 700, "file-length"), [])
        self.assertEqual(found("base/a.cc", ";\n" * 701, "file-length"), [1])
        self.assertEqual(len(list(rules_text.file_length_soft(Source("a.cc", ";\n" * 401)))), 1)

    def test_large(self):
        self.assertEqual(found("tests/blob", "x" * (512 * 1024 + 1), "large-file"), [1])


class FunctionShapeTest(unittest.TestCase):
    def lines(self, text):
        return [(first, last) for _, first, last in functions(text)]

    def test_class_is_not_a_function_but_its_methods_are(self):
        text = "class A : public B<int> {\n public:\n  int F() const {\n    return 1;\n  }\n};\n"
        self.assertEqual([last - 4 for _, last in self.lines(text)], [1])

    def test_member_initialisers(self):
        text = "A::A(int a)\n    : a_{a},\n      b_(a),\n      c_{} {\n  Go();\n}\nvoid F() {}\n"
        self.assertEqual(self.lines(text), [(1, 6), (7, 7)])

    def test_template_requires_trailing_return(self):
        text = "template <class T, int N = 2>\nauto F(T t) -> std::vector<T> {\n  return {t};\n}\n"
        self.assertEqual(self.lines(text), [(1, 4)])
        text = "template <class T>\nstruct S {\n  void F() {\n  }\n};\n"
        self.assertEqual(self.lines(text), [(3, 4)])

    def test_tables_are_not_functions(self):
        text = "constexpr Row kRows[] = {\n    {1, F(2)},\n};\n"
        self.assertEqual(self.lines(text), [])
        text = "const auto kSet = Make({\n    1,\n});\n"
        self.assertEqual(self.lines(text), [])

    def test_branches_of_preprocessor(self):
        text = "void F() {\n#if A\n  if (a) {\n#else\n  if (b) {\n#endif\n  }\n}\nvoid G() {\n}\n"
        self.assertEqual(self.lines(text), [(1, 8), (9, 10)])

    def test_literals_and_comments(self):
        text = "void F() {\n  Log(\"{\", '{', R\"x({ \" )x\", 1'000);  // {\n  /* { */\n}\n"
        text += "void G() {\n}\n"
        self.assertEqual(self.lines(text), [(1, 4), (5, 6)])


class MarksTest(unittest.TestCase):
    def test_unfinished(self):
        self.assertEqual(found("base/a.cc", "// TO" "DO: later\n", "unfinished"), [1])
        self.assertEqual(found("base/a.cc", "// FIX" "ME\n// X" "XX\n", "unfinished"), [1, 2])
        self.assertEqual(found("base/a.cc", "// TO" "DO(#12): later\n", "unfinished"), [])
        self.assertEqual(found("base/a.cc", 'mkdtemp("a.XXXX' 'XX");\n', "unfinished"), [])

    def test_skipped(self):
        self.assertEqual(found("base/a_test.cc", "GTEST_S" "KIP();\n", "skipped-test"), [1])
        self.assertEqual(found("a_test.cc", "TEST(A, DIS" "ABLED_B) {}\n", "skipped-test"), [1])
        self.assertEqual(found("a_test.py", "self.s" "kipTest(x)\n", "skipped-test"), [1])

    def test_allow_needs_a_reason(self):
        bad = "// %s\nabort(); sleep(1);\n"
        self.assertEqual(found("a.cc", bad % "tidy: allow sleep: signal test", "sleep"), [])
        self.assertEqual(found("a.cc", bad % "tidy: allow sleep:", "sleep"), [2])
        self.assertEqual(found("a.cc", bad % "tidy: allow clock: why", "sleep"), [2])


class CitationTest(unittest.TestCase):
    def lines(self, text):
        known = rules_text.rfc_numbers("| RFC | title |\n| 5321 | SMTP |\n| 2034 | codes |\n")
        return [f.line for f in rules_text.rfc_citation(Source("smtp/a.h", text), known)]

    def test_number_in_the_index(self):
        self.assertEqual(self.lines("// RFC 5321 4.2.1\n// RFC %d 3.1\n" % _ABSENT), [2])

    def test_header_line(self):
        self.assertEqual(self.lines("// RFC:       5321 4.2.1 (since 2008), 2034 (codes)\n"), [])
        self.assertEqual(self.lines("// RFC:       5321 4.2.1, %d 3\n" % _ABSENT), [1])


class LayeringTest(unittest.TestCase):
    def test_down_only(self):
        up = '#include "smtp/reply.h"\n'
        self.assertEqual(found("base/a.cc", up, "layering"), [1])
        self.assertEqual(found("runtime/a_test.cc", up, "layering"), [1])
        self.assertEqual(found("shard/deliver/a.cc", up, "layering"), [])
        self.assertEqual(found("sim/a.cc", '#include "shard/a.h"\n', "layering"), [])
        self.assertEqual(found("shard/a.cc", '#include "sim/a.h"\n', "layering"), [1])

    def test_coordinator_and_shard(self):
        self.assertEqual(found("shard/a.cc", '#include "coordinator/a.h"\n', "layering"), [1])
        self.assertEqual(found("coordinator/a.cc", '#include "shard/a.h"\n', "layering"), [1])

    def test_cycle_within_a_rank(self):
        mail = Source("mail/a.h", '#include "config/b.h"\n')
        config = Source("config/b.h", '#include "mail/a.h"\n')
        self.assertEqual([f.path for f in rules_layering.cycles([mail, config])], ["config/b.h"])
        self.assertEqual(list(rules_layering.cycles([mail])), [])

    def test_private_libraries(self):
        bad = '#include "proto/submit.pb.h"\n#include <grpcpp/grpcpp.h>\n'
        self.assertEqual(found("shard/queue/a.cc", bad, "private-library"), [1, 2])
        self.assertEqual(found("shard/rpc/a.cc", bad, "private-library"), [])
        self.assertEqual(found("shard/spool/record_codec.cc", bad, "private-library"), [])
        self.assertEqual(found("smtp/a.h", "#include <boost/asio.hpp>\n", "private-library"), [1])
        self.assertEqual(found("cli/a.cc", "#include <rocksdb/db.h>\n", "private-library"), [1])


class BannedCallsTest(unittest.TestCase):
    def test_clock(self):
        for call in (
            "std::chrono::system_clock::now()",
            "steady_clock::now()",
            "clock_gettime(CLOCK_REALTIME, &t)",
            "time(NULL)",
            "time(nullptr)",
            "gettimeofday(&t, nullptr)",
            "absl::Now()",
        ):
            self.assertEqual(found("smtp/a.cc", "auto t = %s;\n" % call, "clock"), [1], call)
        self.assertEqual(found("base/clock.cc", "steady_clock::now();\n", "clock"), [])
        self.assertEqual(found("smtp/a.cc", "// not steady_clock\nwait_time(0);\n", "clock"), [])

    def test_chance(self):
        for call in ("rand()", "std::random_device d", "std::mt19937 g(1)", "getrandom(b, 1, 0)"):
            self.assertEqual(found("smtp/a.cc", call + ";\n", "chance"), [1], call)
        self.assertEqual(found("base/rng.cc", "getrandom(b, 8, 0);\n", "chance"), [])

    def test_sleep(self):
        for call in ("this_thread::sleep_for(d)", "usleep(1)", "sleep(1)", "absl::SleepFor(d)"):
            self.assertEqual(found("smtp/a_test.cc", call + ";\n", "sleep"), [1], call)
        self.assertEqual(found("tests/e2e/a.py", "time.sl" "eep(1)\n", "sleep"), [1])

    def test_locks(self):
        self.assertEqual(found("base/a.h", "absl::Mutex mutex_;\n", "absl-mutex"), [1])
        self.assertEqual(found("shard/a.h", "std::mutex mutex_;\n", "shard-mutex"), [1])
        self.assertEqual(found("base/a.h", "std::mutex mutex_;\n", "shard-mutex"), [])

    def test_config_said(self):
        bad = 'return absl::InvalidArgumentError("no");\n'
        self.assertEqual(found("config/a.cc", bad, "config-said"), [1])
        self.assertEqual(found("config/a_test.cc", bad, "config-said"), [])
        self.assertEqual(found("shard/a.cc", bad, "config-said"), [])
        self.assertEqual(found("config/a.cc", 'return Invalid(Say<"no">());\n', "config-said"), [])


class CoroutineTest(unittest.TestCase):
    def test_condition(self):
        for bad in (
            "if (co_await F()) {}",
            "while ((co_await F()).ok()) {}",
            "switch (co_await F()) {}",
            "for (auto x : co_await F()) {}",
        ):
            self.assertEqual(found("smtp/a.cc", bad, "co-await-condition"), [1], bad)
        good = "const bool ok = co_await F();\nif (ok) co_await G();\n"
        self.assertEqual(found("smtp/a.cc", good, "co-await-condition"), [])

    def test_catch(self):
        bad = "try {\n  co_await F();\n} catch (const E& e) {\n  co_await G();\n}\n"
        self.assertEqual(found("smtp/a.cc", bad, "co-await-catch"), [4])

    def test_braces(self):
        self.assertEqual(found("a.cc", "co_await Send({a, b});\n", "co-await-braces"), [1])
        self.assertEqual(found("a.cc", "co_await Send(Options{.a = 1});\n", "co-await-braces"), [1])
        self.assertEqual(found("a.cc", "co_await Post([x] { F(x); });\n", "co-await-braces"), [1])
        good = "if (a) {\n  co_await Send(options);\n} else {\n  F({1});\n}\n"
        self.assertEqual(found("a.cc", good, "co-await-braces"), [])
        operator = "auto operator co_await() && {\n  return A{};\n}\n"
        self.assertEqual(found("a.cc", operator, "co-await-braces"), [])

    def test_lambda(self):
        bad = "auto f = [this](int a) -> Task<void> {\n  co_await G(a);\n};\n"
        self.assertEqual(found("a.cc", bad, "co-lambda"), [1])
        self.assertEqual(found("a.cc", bad.replace("this", "&"), "co-lambda"), [1])
        self.assertEqual(found("a.cc", bad.replace("this", ""), "co-lambda"), [])
        outer = "auto f = [x] { Spawn([](int a) -> Task<void> { co_await G(a); }(x)); };\n"
        self.assertEqual(found("a.cc", outer, "co-lambda"), [])
        self.assertEqual(found("a.cc", "a[i] = co_await G();\nint b[3] = {};\n", "co-lambda"), [])


class HeaderTest(unittest.TestCase):
    def test_comment_and_guard(self):
        self.assertEqual(found("base/a.h", "#pragma once\nint a;\n", "header-comment"), [1])
        self.assertEqual(found("base/a.h", "// What.\nint a;\n", "header-guard"), [1])
        good = "// What.\n#ifndef BASE_A_H_\n#define BASE_A_H_\n#endif\n"
        for rule in ("header-comment", "header-guard"):
            self.assertEqual(found("base/a.h", good, rule), [])


class TreeTest(unittest.TestCase):
    def test_unbuilt(self):
        sources = [
            Source("base/BUILD.bazel", 'cc_library(srcs = ["a.cc"])'),
            Source("base/a.cc", ""),
            Source("base/b.cc", ""),
            Source("base/sub/c.cc", ""),
        ]
        paths = [f.path for f in tidy.check_tree(sources, set()) if f.rule == "unbuilt"]
        self.assertEqual(paths, ["base/b.cc", "base/sub/c.cc"])


if __name__ == "__main__":
    unittest.main()
