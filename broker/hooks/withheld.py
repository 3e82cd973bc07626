"""What a document must not keep: passwords and keys. They are cut out of the tree that is stored and shown, and out of
whatever is said about the document.

A user's password stays as its hash, in the user's entity alone. A provider's credentials stay nowhere: who deploys
needs them in the clear, so they belong into the settings, and a warning says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from broker import passwords
from broker.confidential import NAMES
from broker.errors import InvalidDocument
from manifests import Diagnostic, Element, Severity, Source, decode

_OF_CONFIGURATIONS = frozenset({"certificate"})
"""What holds a secret in a record of a provider's account only, beside what does everywhere."""
# A secret in a text that may be no document at all: what is said about it must not quote it.
_WRITTEN = re.compile(rf"""(?:{"|".join(sorted(NAMES))})["']?\s*[=:>]\s*("[^"]*"|'[^']*'|[^\s"'<>,}}/]+)""")
_MASK = "***"
CODE = "credentials-withheld"


def is_configuration(term: str) -> bool:
    """Whether the kind is a record of how an account is known at a provider."""
    return term.endswith(("config", "_configuration"))


def is_withheld(term: str, attribute: str) -> bool:
    """Whether this attribute of an element is a secret."""
    return attribute in NAMES or (attribute in _OF_CONFIGURATIONS and is_configuration(term))


def without(root: Element) -> Element:
    """The tree without its secrets: the same one when it has none."""
    return _cut(root) if any(_secrets(root)) else root


def refuse_too_many(root: Element) -> None:
    """InvalidDocument for more passwords than are hashed while somebody waits."""
    count = sum(1 for element, name in _secrets(root) if name == "password" and not is_configuration(element.name))
    if count > passwords.MOST:
        raise InvalidDocument(
            f"the document has {count} passwords; at most {passwords.MOST} are read at once", hint="split it"
        )


def warnings(root: Element, source: Source) -> Iterator[Diagnostic]:
    """One for each record of a provider whose credentials are not kept."""
    found = {id(element): element for element, _ in _secrets(root) if is_configuration(element.name)}
    for element in found.values():
        at = source.position(element.start)
        yield Diagnostic(
            Severity.WARNING,
            CODE,
            at.line,
            at.column,
            f"the credentials in <{element.name}> are not kept",
            "write them into the settings of the provider, where the worker reads them",
        )


def scrubbed(diagnostics: Iterable[Diagnostic], body: bytes, root: Element | None) -> tuple[Diagnostic, ...]:
    """What is said about a document, without the secrets that are in it."""
    found = {value for value in (*_values(root), *_in_text(body)) if value}
    if not found:
        return tuple(diagnostics)
    words = "|".join(map(re.escape, sorted(found, key=len, reverse=True)))
    any_of_them = re.compile(rf"(?<!\w)(?:{words})(?!\w)")
    return tuple(
        replace(one, summary=any_of_them.sub(_MASK, one.summary), hint=any_of_them.sub(_MASK, one.hint))
        for one in diagnostics
    )


def _cut(element: Element) -> Element:
    kept = {name: each for name, each in element.attributes.items() if not is_withheld(element.name, name)}
    inner = [_cut(each) for each in element.children if not is_withheld(element.name, each.name)]
    return replace(element, attributes=kept, children=inner)


def _secrets(root: Element) -> Iterator[tuple[Element, str]]:
    """Each element that has one, with the name of the attribute, or of the element that is written in its place."""
    for element in root.walk():
        names = (*element.attributes, *(each.name for each in element.children))
        yield from ((element, name) for name in names if is_withheld(element.name, name))


def _values(root: Element | None) -> Iterator[str]:
    for element, name in _secrets(root) if root is not None else ():
        if name in element.attributes:
            yield element.attributes[name].value
        yield from (each.text.value.strip() for each in element.children if each.name == name and each.text)


def _in_text(body: bytes) -> Iterator[str]:
    try:
        text = decode(body)
    except ValueError:
        return
    yield from (match[1].strip("\"'") for match in _WRITTEN.finditer(text))
