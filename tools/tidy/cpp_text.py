"""C++ source as text with comments and literals blanked out, and the few shapes the lint asks for.

No parser: enough structure (balanced brackets, function bodies, lambdas) for rules about style. 
Positions are offsets into the text that was passed in; line breaks are always those of the source.
"""

import re

_TOKEN = re.compile(
    r"""
    (?P<line>//[^\n]*(?:\\\n[^\n]*)*)
  | (?P<block>/\*.*?\*/)
  | (?P<raw>(?:u8|[uUL])?R"(?P<delim>[^()\\\s]*)\(.*?\)(?P=delim)")
  | (?P<string>"(?:\\.|[^"\\\n])*")
  | (?P<char>(?<![0-9a-zA-Z_])(?:u8|[uUL])?'(?:\\.|[^'\\\n])+')
    """,
    re.VERBOSE | re.DOTALL,
)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.MULTILINE | re.DOTALL)
_CONTAINER = re.compile(
    r"(?:inline\s+|typedef\s+|static\s+|const\s+|constexpr\s+)*"
    r"(?:namespace\b|enum\b|(?:class|struct|union)\b[^()]*$|extern\s*\")"
)
_DECORATION = re.compile(
    r"\b(?:public|private|protected)\s*:(?!:)|\[\[[^\]]*\]\]"
    r"|\b(?:alignas|__attribute__)\s*\([^()]*\)"
)
_CONTROL = re.compile(r"\b(if|while|for|switch|catch)\b\s*(?:constexpr\s*)?\(")
_LAST_WORD = re.compile(r"(\w+|[\])])\s*$")
_BEFORE_EXPRESSION = {"return", "co_return", "co_await", "co_yield", "case"}
_CLOSER = {"(": ")", "[": "]", "{": "}"}


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def _blank_token(match):
    text = match.group(0)
    if match.group("line") or match.group("block"):
        return _blank(text)
    quote = '"' if text.endswith('"') else "'"
    start = text.index(quote)
    return text[:start] + quote + _blank(text[start + 1 : -1]) + quote


def strip(text):
    """`text` with comments and the insides of literals blanked."""
    return _TOKEN.sub(_blank_token, text)


def strip_directives(code):
    """`code` without preprocessor lines and with only the first branch of each #if."""
    lines = _DIRECTIVE.sub(_directive_mark, code).split("\n")
    skipped = [False]
    for number, line in enumerate(lines):
        if line.startswith("#"):
            if line == "#if":
                skipped.append(skipped[-1])
            elif line == "#else":
                skipped[-1] = True
            elif line == "#endif" and len(skipped) > 1:
                skipped.pop()
            lines[number] = " " * len(line)
        elif skipped[-1]:
            lines[number] = ""
    return "\n".join(lines)


def _directive_mark(match):
    word = re.match(r"\s*#\s*(\w*)", match.group(0)).group(1)
    kinds = {"ifdef": "if", "ifndef": "if", "elif": "else"}
    return "#" + kinds.get(word, word) + "\n" * match.group(0).count("\n")


def line_of(code, offset):
    return code.count("\n", 0, offset) + 1


def match_bracket(code, start):
    """Offset of the bracket that closes the one at `start`, or len(code)."""
    opener, closer = code[start], _CLOSER[code[start]]
    depth = 0
    either = re.compile("[%s%s]" % (re.escape(opener), re.escape(closer)))
    for found in either.finditer(code, start):
        depth += 1 if found.group() == opener else -1
        if depth == 0:
            return found.start()
    return len(code)


def conditions(code):
    """(keyword, start, end) for the parenthesis after each if, while, for, switch, catch."""
    for found in _CONTROL.finditer(code):
        start = found.end() - 1
        yield found.group(1), start, match_bracket(code, start)


def functions(code):
    """(name, first_line, last_line) of each outermost function definition, TEST bodies included.

    A brace opens a function when its header, the text since the last `;`, `{` or `}`, has a
    parameter list and is neither a container (namespace, class, ...) nor an initialiser. Braces
    inside parentheses belong to an expression.
    """
    code = strip_directives(code)
    header_start = 0
    offset = 0
    while offset < len(code):
        char = code[offset]
        if char == "(":
            offset = match_bracket(code, offset)
        elif char in ";}":
            header_start = offset + 1
        elif char == "{":
            header = code[header_start:offset]
            if _is_function(header):
                end = _function_end(code, offset)
                first = header_start + len(header) - len(header.lstrip())
                name = " ".join(header.split("(")[0].split())
                yield name, line_of(code, first), line_of(code, end)
                offset = end
            elif not _is_container(header):
                offset = match_bracket(code, offset)
            header_start = offset + 1
        offset += 1


def _is_container(header):
    return bool(_CONTAINER.match(_declaration(header)))


def _is_function(header):
    return "(" in header and not header.rstrip().endswith("=") and not _is_container(header)


def _declaration(header):
    """`header` without what may stand before and around the words that tell its kind."""
    header = _DECORATION.sub(" ", header).lstrip()
    while header.startswith("template"):
        depth = 0
        for offset in range(header.find("<"), len(header)):
            depth += {"<": 1, ">": -1}.get(header[offset], 0)
            if depth == 0:
                break
        header = header[offset + 1 :].lstrip()
    return header


def _function_end(code, brace):
    """End of the function whose body, or first member initialiser `a{1}, b(2) {`, is at `brace`."""
    end = match_bracket(code, brace)
    while True:
        rest = re.compile(r"\s*(?:,\s*[\w:<>]+\s*|(?=\{))").match(code, end + 1)
        if not rest or rest.end() >= len(code) or code[rest.end()] not in "({":
            return end
        end = match_bracket(code, rest.end())
        after = re.compile(r"\s*\{").match(code, end + 1)
        if after:
            end = match_bracket(code, after.end() - 1)
            return end


def lambdas(code):
    """(capture_text, body_start, body_end) of each lambda expression."""
    for found in re.finditer(r"(?<!\[)\[(?!\[)", code):
        start = found.start()
        word = _LAST_WORD.search(code[max(0, start - 80) : start])
        if word and word.group(1) not in _BEFORE_EXPRESSION:
            continue  # a subscript, an array bound or a structured binding
        close = match_bracket(code, start)
        body = _lambda_body(code, close + 1)
        if body is not None:
            yield code[start + 1 : close].strip(), body, match_bracket(code, body)


def _lambda_body(code, offset):
    skip = re.compile(r"\s*(?:mutable|noexcept|constexpr|->\s*[\w:<>*&,\s]+?(?=\s*\{))?\s*")
    params = re.compile(r"\s*\(").match(code, offset)
    if params:
        offset = match_bracket(code, params.end() - 1) + 1
    for _ in range(4):
        offset = skip.match(code, offset).end()
    return offset if code[offset : offset + 1] == "{" else None
