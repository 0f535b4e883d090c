"""Fuzz targets: a corpus replay in every test run, libFuzzer on demand.

    convoy_fuzz_test(name = "reply_parser_fuzz", srcs = ["reply_parser_fuzz.cc"], deps = [...],
                     corpus = ["//tests/corpus/smtp_reply_parser"])

The source defines `extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)`.

    bazel test //...                                    replays the corpus, plus short random inputs
    bazel run --config=fuzz //smtp:reply_parser_fuzz -- -max_total_time=60 \
        $PWD/tests/corpus/smtp_reply_parser

`corpus` is a list of filegroups or files.
"""

def convoy_fuzz_test(name, srcs, deps = [], corpus = [], size = "small", **kwargs):
    """A cc_test with the driver of the build's configuration."""
    native.cc_test(
        name = name,
        size = size,
        srcs = srcs,
        # libFuzzer given files replays them and stops; it gets its corpus from the command line.
        args = select({
            "//tools/fuzz:libfuzzer": [],
            "//conditions:default": ["$(rootpaths %s)" % label for label in corpus],
        }),
        data = corpus,
        linkopts = select({
            "//tools/fuzz:libfuzzer": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//tools/fuzz:libfuzzer": [],
            "//conditions:default": ["//tools/fuzz:replay"],
        }),
        **kwargs
    )
