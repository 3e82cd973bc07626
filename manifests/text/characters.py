"""Characters that no value may hold: those that control a terminal, a header or a shell instead of standing for
themselves, and those that hide or reorder what a reader sees (Unicode TR36 and TR39, "Trojan Source")."""

from __future__ import annotations

import re

from manifests.findings import Findings
from manifests.text.source import Source
from manifests.text.tree import Attribute, Element

# C0 but tab and line ends, DEL and C1; line and paragraph separators; bidirectional controls; what has no width and no
# use between letters; tags and what is no character at all.
_REFUSED = (
    r"\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b\u2060-\u2064\u206a-\u206f\ufeff"
    r"\u180e\ufff9-\ufffb\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\U000e0000-\U000e007f"
)
# Two joiners and three marks of direction belong to the writing of some languages: in a text, and in no name.
_IN_NAMES = r"\u200c\u200d\u200e\u200f\u061c\u00ad\u034f\u115f\u1160\u3164\uffa0"
_HIDDEN = re.compile(f"[{_REFUSED}]")
_HIDDEN_IN_NAME = re.compile(f"[{_REFUSED}{_IN_NAMES}]")
# A text without any of these has no such character, written as itself or by its number.
_SUSPECT = re.compile(rf"[{_REFUSED}{_IN_NAMES}\\]|&#")


def check(root: Element, source: Source, findings: Findings) -> None:
    """Say where a value or a name of the document holds such a character."""
    if not _SUSPECT.search(source.text):
        return
    waiting = [root]
    while waiting and not findings.full:
        element = waiting.pop()
        _check_name(element.name, element.start, source, findings)
        for name, attribute in element.attributes.items():
            _check_name(name, attribute.name_at, source, findings)
            _check_value(name, attribute, source, findings)
        if element.text:
            _check_value("", element.text, source, findings)
        waiting.extend(element.children)


def hidden(text: str) -> str:
    """The first such character of a text, as it is written in Unicode's tables; empty when there is none."""
    found = _HIDDEN.search(text)
    return f"U+{ord(found[0]):04X}" if found else ""


def _check_name(name: str, at: int, source: Source, findings: Findings) -> None:
    found = _HIDDEN_IN_NAME.search(name)
    if found:
        _say(found[0], f"the name {name[:40]!r}", at, source, findings)


def _check_value(name: str, value: Attribute, source: Source, findings: Findings) -> None:
    found = (_HIDDEN_IN_NAME if name == "name" else _HIDDEN).search(value.value)
    if found:
        at = value.places(source.text)(found.start())
        _say(found[0], f"the value of {name[:40]!r}" if name else "a text", at, source, findings)


def _say(character: str, where: str, at: int, source: Source, findings: Findings) -> None:
    summary = f"{where} holds the character U+{ord(character):04X}, which cannot be seen"
    findings.add("hidden-character", source.position(at), summary, "take it out")
