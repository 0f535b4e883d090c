"""Rules about C++: banned calls, coroutines, headers."""

import re

import cpp_text

# rule -> (pattern, files that may, message)
_BANNED = {
    "clock": (
        r"\b(?:system_clock|steady_clock|high_resolution_clock)\b|\bclock_gettime\s*\("
        r"|\bgettimeofday\s*\(|\btime\s*\(\s*(?:NULL|nullptr|0|&\w+)\s*\)"
        r"|\babsl::(?:Now|GetCurrentTime\w+)\b",
        r"^base/clock\.(?:cc|h)$",
        "only base/clock reads a clock: take a Clock, or `now` as a parameter",
    ),
    "chance": (
        r"\b(?:std::)?s?rand(?:om|48)?\s*\(|\brandom_device\b|\bmt19937\w*"
        r"|\bdefault_random_engine\b|\bminstd_rand\w*|\bget(?:random|entropy)\s*\("
        r"|\babsl::(?:BitGen|Uniform)\b|\bRAND_bytes\s*\(",
        r"^base/rng\.(?:cc|h)$",
        "only base/rng draws a number: take an Rng",
    ),
    "sleep": (
        r"\bsleep_(?:for|until)\b|\b(?:u|nano)?sleep\s*\(|\babsl::SleepFor\b"
        r"|\bclock_nanosleep\s*\(",
        r"^base/clock\.(?:cc|h)$",
        "nothing sleeps: wait for the event, or advance a simulated clock",
    ),
    "absl-mutex": (
        r"\babsl::(?:Mutex|MutexLock|CondVar|Notification|Barrier|BlockingCounter)\b",
        r"^$",
        "ThreadSanitizer cannot see the system's Abseil locks: use std::mutex",
    ),
}
_BANNED = {rule: (re.compile(b), re.compile(f), m) for rule, (b, f, m) in _BANNED.items()}
_PYTHON_SLEEP = re.compile(r"\btime\.sleep\(|\bfrom time import sleep\b")
_SHARD_MUTEX = re.compile(r"\bstd::(?:\w+_)?mutex\b|\bstd::condition_variable")
_CO_KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b")
_GUARD = re.compile(r"^#pragma once$|^#ifndef (\w+)\n#define \1$", re.MULTILINE)


def banned(source):
    if source.kind == "python" and not source.path.startswith("tools/tidy/"):
        for number, line in enumerate(source.lines, 1):
            if _PYTHON_SLEEP.search(line):
                yield source.finding(number, "sleep", _BANNED["sleep"][2])
    if source.kind != "cpp":
        return
    for number, line in enumerate(source.code_lines, 1):
        for rule, (pattern, exempt, message) in _BANNED.items():
            found = pattern.search(line)
            if found and not exempt.match(source.path):
                text = "%s: %s" % (found.group().rstrip("( "), message)
                yield source.finding(number, rule, text)


_RAW_STATUS = re.compile(r"\babsl::(?:InvalidArgument|NotFound|DataLoss|FailedPrecondition)Error\(")


def config_said(source):
    """What config says is written with Say, so that messages are on the list that a test walks."""
    if source.directory != "config" or source.kind != "cpp" or source.is_test():
        return
    if source.path == "config/say.h":
        return
    for number, line in enumerate(source.code_lines, 1):
        if _RAW_STATUS.search(line):
            text = "write Invalid(Say<...>(...)), NotFound or DataLoss: config/say.h"
            yield source.finding(number, "config-said", text)


def shard_mutex(source):
    """A shard is one thread that owns all state; gRPC handlers hand over through a queue."""
    if source.directory != "shard" or source.kind != "cpp" or source.is_test():
        return
    for number, line in enumerate(source.code_lines, 1):
        if _SHARD_MUTEX.search(line):
            text = "no mutex in shard/: use base/mpsc_queue.h and EventLoop::Post"
            yield source.finding(number, "shard-mutex", text)


def coroutine_condition(source):
    if source.kind != "cpp":
        return
    for keyword, start, end in cpp_text.conditions(source.code):
        if keyword != "catch" and "co_await" in source.code[start:end]:
            text = "co_await in the condition of %s: name the result first" % keyword
            yield source.finding(cpp_text.line_of(source.code, start), "co-await-condition", text)


def coroutine_catch(source):
    if source.kind != "cpp":
        return
    code = source.code
    for keyword, _, end in cpp_text.conditions(code):
        brace = code.find("{", end)
        if keyword != "catch" or brace < 0:
            continue
        body = code[brace : cpp_text.match_bracket(code, brace)]
        if "co_await" in body:
            line = cpp_text.line_of(code, brace + body.index("co_await"))
            yield source.finding(line, "co-await-catch", "co_await in a catch block")


def _expression_end(code, offset):
    """End of the expression at `offset`: its `;`, or the bracket that was open before it."""
    while offset < len(code) and code[offset] not in ";)]}":
        offset = cpp_text.match_bracket(code, offset) if code[offset] in "([{" else offset
        offset += 1
    return offset


def coroutine_braces(source):
    if source.kind != "cpp":
        return
    for found in re.finditer(r"(?<!\boperator )\bco_await\b", source.code):
        expression = source.code[found.end() : _expression_end(source.code, found.end())]
        if "{" in expression:
            text = "a braced list or a lambda inside a co_await expression: name it first"
            line = cpp_text.line_of(source.code, found.start())
            yield source.finding(line, "co-await-braces", text)


def coroutine_lambda(source):
    if source.kind != "cpp":
        return
    code = source.code
    for capture, start, end in cpp_text.lambdas(code):
        body = code[start : end + 1]
        for _, inner_start, inner_end in cpp_text.lambdas(body[1:]):
            body = body[: inner_start + 1] + " " * (inner_end - inner_start) + body[inner_end + 1 :]
        if capture and _CO_KEYWORD.search(body):
            text = "a capturing lambda is a coroutine: its captures die before it does"
            yield source.finding(cpp_text.line_of(code, start), "co-lambda", text)


def header(source):
    if not source.path.endswith(".h"):
        return
    if not source.text.startswith("// "):
        text = "a header opens with a comment: one sentence, what this is"
        yield source.finding(1, "header-comment", text)
    if not _GUARD.search(source.text):
        yield source.finding(1, "header-guard", "no #pragma once or include guard")
