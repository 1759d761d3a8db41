"""Where functions begin and end, in each language that there is here.

No parser, but enough for sources that are formatted: brackets are told from those in comments and texts, and what
ends with `end` is as far in as its beginning.
"""

import ast
import os
import re

LANGUAGES = {".c": "C", ".h": "C", ".cpp": "C", ".hpp": "C", ".java": "Java", ".go": "Go", ".rs": "Rust", ".js": "JavaScript",
             ".mjs": "JavaScript", ".py": "Python", ".rb": "Ruby", ".lua": "Lua", ".sh": "shell", "": "shell",
             ".cmake": "CMake", ".txt": "CMake"}

TEXT = r'"(?:\\.|[^"\\\n])*"'
CHARACTER = r"'(?:\\.|[^'\\\n]){1,4}'"
COMMENT = r"//[^\n]*|/\*.*?\*/"
BLANK = {
    "C": rf'R"(\w*)\(.*?\)\1"|{COMMENT}|{TEXT}|(?<!\w){CHARACTER}',
    "Java": rf"{COMMENT}|{TEXT}|{CHARACTER}",
    "Go": rf"{COMMENT}|`[^`]*`|{TEXT}|{CHARACTER}",
    "Rust": rf'r#".*?"#|{COMMENT}|"(?:\\.|[^"\\])*"|\'(?:\\.[^\']*|[^\'\\])\'|#!?\[[^\n]*\]',
    # A template ends at the next one's beginning in the worst case: `${` holds none of its own.
    "JavaScript": rf"{COMMENT}|{TEXT}|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
                  r"|(?<=[(,=:!&|?\s])/(?![/*\s])(?:\\.|\[(?:\\.|[^\]\n])*\]|[^/\\\n])+/",
}

# Heads of what holds functions, and is none.
CONTAINER = {
    "C": r"(?:namespace|class|struct|union|enum|extern)\b(?!.*\)[\w\s&]*$)|(?:if|for|while|switch|do|else)\b",
    "Java": r"(?:[\w@]+ )*(?:class|interface|enum|record)\b",
    "JavaScript": r"(?:export )?(?:default )?class\b|(?:if|for|while|switch|try|else)\b",
}
FUNCTION = {
    "C": r"[\w~].*\(|.*\[[^\[\]]*\](?: ?\(.*\))?$",
    "Java": r"[\w<].*\(|static$",
    "JavaScript": r".*(?:\)|=>|static)$",
    "Go": r"func ",
    "Rust": r"(?:[\w()\"]+ )*fn ",
}


def blanked(language, text):
    """The code without what stands in comments and texts; every character stays at its place."""
    return re.sub(BLANK[language], lambda match: re.sub(r"\S", " ", match[0]), text, flags=re.S)


def matching(code):
    """{where a bracket opens: where it is closed}"""
    closed, open_ones = {}, []
    for match in re.finditer(r"[(){}\[\]]", code):
        if match[0] in "({[":
            open_ones.append(match.start())
        elif open_ones:
            closed[open_ones.pop()] = match.start()
    return closed


def head_of(language, code, begin, brace):
    """(where it begins, what it says) before a brace, from `begin` on."""
    if language == "Go":  # without semicolons all that has no braces would belong to it
        begin = max(begin, code.rfind("\nfunc ", begin, brace))
    start = begin + len(code[begin:brace]) - len(code[begin:brace].lstrip())
    return start, " ".join(code[start:brace].split())


def is_function(language, head):
    head = re.sub(r"^(?:template ?<.*?> |\[\[.*?\]\] |(?:public|private|protected): |@\w+(?:\(.*?\))? )+", "", head)
    if re.match(CONTAINER.get(language, r"(?!)"), head):
        return False
    return re.match(FUNCTION[language], head) is not None


def is_value(before):
    """Whether the brace behind it begins one; before a body there is a space, and no bracket is open."""
    return re.search(r"[\w>\]]$", before) is not None or before.count("(") > before.count(")")


def braced(language, text):
    code = blanked(language, text)
    if language == "C":
        code = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", lambda match: re.sub(r"\S", " ", match[0]), code, flags=re.M)
    closed = matching(code)
    begin = at = 0
    while match := re.compile(r"[{};]").search(code, at):
        at = match.end()
        if match[0] != "{":
            begin = at
            continue
        if language == "C" and is_value(code[begin:match.start()]):
            at = closed.get(match.start(), at) + 1  # what it belongs to goes on
            continue
        start, head = head_of(language, code, begin, match.start())
        if is_function(language, head):
            at = closed.get(match.start(), len(code) - 1) + 1
            yield head, start, at
        begin = at


def of_braces(language, text):
    for head, start, end in braced(language, text):
        first = text.count("\n", 0, start) + 1
        yield head, first, text.count("\n", 0, end) + 1


def of_python(_, text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno


# How a function begins, and with which word at the same place it ends.
WORDS = {
    "Ruby": (r"( *)(def .*)", "end"),
    "Lua": (r"( *)((?:local )?function .*|.*[ (]function\(.*\))", "end"),
    "shell": (r"( *)([\w-]+\(\)) [{(].*", "[})]"),
    "CMake": (r"( *)((?:function|macro)\(.*)", "end(?:function|macro)"),
}


def of_words(language, text):
    beginning, ending = WORDS[language]
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = re.fullmatch(beginning, line)
        if match is None:
            continue
        end = re.compile(match[1] + ending + r"\b|" + match[1] + ending + r"(?!\w)")
        last = next((other for other in range(number + 1, len(lines)) if end.match(lines[other])), number)
        yield match[2], number + 1, last + 1


def language_of(path):
    return LANGUAGES.get(os.path.splitext(path)[1])


def functions(language, text):
    """Each (what it is called, its first line, its last one)."""
    if language == "Python":
        return of_python(language, text)
    return (of_words if language in WORDS else of_braces)(language, text)
