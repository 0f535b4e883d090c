"""Python tests that report each of their cases.

    convoy_py_test(name = "tidy_rules_test", srcs = ["tidy_rules_test.py", "tidy.py"])

runs the unittest cases of `main` (by default `name`.py) with the system's Python and writes the
JUnit file that ./test counts. The directory of `main` and the root of the workspace are importable;
`data` and `args` are as for any test.
"""

def convoy_py_test(name, srcs, main = None, deps = [], data = [], args = [], **kwargs):
    """A test of `main`, one of `srcs`; `deps` are filegroups of further Python files."""
    main = main or name + ".py"
    native.sh_test(
        name = name,
        srcs = ["//tools:py_test.sh"],
        args = ["$(rootpath %s)" % main] + args,
        data = srcs + deps + data + ["//tools:py_test_main.py"],
        **kwargs
    )
