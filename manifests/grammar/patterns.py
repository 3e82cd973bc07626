"""What texts look like, as regular expressions that Python, XML Schema 1.0 and JSON Schema (ECMA 262) read alike.

So: groups are plain, nothing is anchored (the whole text is meant), nothing looks ahead, no class of characters differs
between them (`\\w` and `\\s` do), and characters beyond the first plane, which JavaScript counts twice, are in none.
"""

from __future__ import annotations

from collections.abc import Iterable

ANYTHING = r"[\s\S]*"
_BLANK = r"[ \t\n\r]*"
SOMETHING = rf"{_BLANK}[^ \t\n\r]{ANYTHING}"


def loose(pattern: str) -> str:
    """Blanks around say nothing."""
    return f"{_BLANK}({pattern}){_BLANK}"


def words(known: Iterable[str]) -> str:
    """One of these, in any case."""
    return "|".join("".join(f"[{c.upper()}{c}]" if c.isalpha() else c for c in word) for word in known)


# What the action language can name, and what a step's id can hold: no blank, dot, slash, bracket or quote. A colon is
# first in what a schema sees: the reader has put the outermost name before it by then (`manifests.reading.domain`).
NAME = r"[A-Za-z0-9_:][A-Za-z0-9_:\-]{0,62}"
PACKAGE = r"[A-Za-z0-9:][A-Za-z0-9+.:_\-]{0,127}"
HOST = r"[A-Za-z0-9]([A-Za-z0-9.\-]{0,61}[A-Za-z0-9])?"
# XML 1.0, 2.3: the letters of a name.
_RANGES = (
    (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x37D), (0x37F, 0x167F), (0x1681, 0x1FFF), (0x2070, 0x218F), (0x2C00, 0x2FEF),
    (0x3001, 0xD7FF), (0xF900, 0xFDCF), (0xFDF0, 0xFFFC),
)  # fmt: skip
_LETTERS = "A-Za-z0-9_" + "".join(f"{chr(first)}-{chr(last)}" for first, last in _RANGES)
# A title that nothing is made of: any letters, and what cannot end or leave a path, a shell word or a header line.
LABEL = rf"[{_LETTERS}:]([{_LETTERS} .:@+,()=#\-]{{0,126}}[{_LETTERS}.:@+,()=#\-])?"

WHOLE = r"[+\-]?[0-9]{1,18}"
DECIMAL = r"[+\-]?[0-9]{1,19}(\.[0-9]{1,9})?"
PORT = "0|[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]"


def count(digits: int) -> str:
    """From 1 to as many digits."""
    return rf"[1-9][0-9]{{0,{digits - 1}}}"


_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_GROUP = "[0-9A-Fa-f]{1,4}"
# RFC 4291, 2.2: eight groups, or fewer around one `::`.
_IPV6 = "|".join(
    [
        f"{_GROUP}(:{_GROUP}){{7}}",
        *(
            f"{_GROUP}(:{_GROUP}){{{left - 1}}}::" + (f"({_GROUP}(:{_GROUP}){{0,{6 - left}}})?" if left < 7 else "")
            for left in range(1, 8)
        ),
        f"::({_GROUP}(:{_GROUP}){{0,6}})?",
    ]
)
_REST = r"([A-Za-z0-9.\-]*[A-Za-z0-9])?"
# RFC 1123, 2.1: what has only digits and dots is no host name.
ADDRESS = (
    rf"{_OCTET}(\.{_OCTET}){{3}}|{_IPV6}|[A-Za-z]{_REST}|[0-9][0-9.]*([A-Za-z]{_REST}|\-[A-Za-z0-9.\-]*[A-Za-z0-9])"
)
# A node, or what may be a network: `ipaddress` says whether it is.
RANGE = rf"{NAME}(\.{NAME})*|[0-9A-Fa-f:.]{{2,45}}(/[0-9.]{{1,15}})?"

# No blanks, and no segment that is `..`.
_SEGMENT = r"([^/. \t\n\r][^/ \t\n\r]*|\.([^/. \t\n\r][^/ \t\n\r]*)?|\.\.[^/ \t\n\r]+)"
PATH = rf"(/{_SEGMENT}?)+"

# DICOM PS3.5, 6.2: VR AE, without backslash.
AETITLE = r"[!-Z\[\]^-~]([ -Z\[\]^-~]{0,14}[!-Z\[\]^-~])?"
# RFC 7468, in form only.
_PEM = r"-----BEGIN CERTIFICATE-----[ \t\n\r]+([A-Za-z0-9+/=]+[ \t\n\r]+)+-----END CERTIFICATE-----"
CERTIFICATE = rf"{_BLANK}({_PEM}{_BLANK}){{1,10}}"

# The action language, as `manifests.actions.language` reads it: its blanks are all of Unicode's.
_BLANKS = r" \t\n\r" + "\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_S = f"[{_BLANKS}]*"
_WORD = rf"""[^{_BLANKS}.=(),;'"]+"""
_TEXT = """('[^']*'|"[^"]*")"""
_PATH = rf"{_WORD}({_S}\.{_S}{_WORD})*"
PROPERTY = rf"{_WORD}(\.{_WORD})+"
_ARGUMENT = f"({_TEXT}|{_PATH})"
_CALL = rf"\(({_S}{_ARGUMENT}({_S},{_S}{_ARGUMENT})*)?{_S}\)"
_STATEMENT = rf"{_WORD}({_S}\.{_S}{_WORD})+{_S}({_CALL}|={_S}{_TEXT}){_S};{_S}"
EXPRESSION = f"(cordscript:)?{_S}({_STATEMENT})+"

# Filled before anything is converted (`manifests.reading.parameters`), so what it becomes is not known here.
INPUT = rf"{ANYTHING}\$\{{input\.{ANYTHING}"
