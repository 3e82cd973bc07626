"""Bytes -> a typed document, or everything that is wrong with them. Never an exception, whatever the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from manifests import check, xml_tree, yaml_tree
from manifests.build import Builder
from manifests.diagnostics import Diagnostic
from manifests.findings import NOWHERE, Findings, nearest
from manifests.grammar import ROOTS
from manifests.model import Agreement, Document, Manifest
from manifests.references import References
from manifests.source import Source, decode
from manifests.tree import Element, TooMuch

BODY_LIMIT = 2 * 1024**2


class Format(StrEnum):
    """JSON is read as the YAML that it is."""

    XML = "xml"
    YAML = "yaml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Reading:
    """`document` is None exactly when a diagnostic is an error."""

    document: Document | None
    diagnostics: tuple[Diagnostic, ...] = ()


def read(data: bytes, *, format: Format | str | None = None, limit: int = BODY_LIMIT) -> Reading:
    """A manifest or an agreement. Without `format` a text that begins with `<` is XML, any other YAML or JSON.

    `limit` in bytes. Names are resolved and statements checked: what comes back can be placed and planned.
    """
    findings = Findings()
    document = _read(data, format, limit, findings)
    return Reading(None if findings.refused else document, findings.diagnostics())


def _read(data: bytes, given: Format | str | None, limit: int, findings: Findings) -> Document | None:
    source = _source(data, limit, findings)
    if source is None:
        return None
    try:
        return _document(source, given, findings)
    except TooMuch as wrong:
        findings.add("too-many-parts", source.position(wrong.at), str(wrong), "split the document")
        return None


def _document(source: Source, given: Format | str | None, findings: Findings) -> Document | None:
    root = _tree(source, given, findings)
    if root is None or not _is_document(root, source, findings):
        return None
    document = Builder(source, findings, References(root, source, findings)).build(root, root.name)
    if isinstance(document, Manifest):
        check.manifest(document, findings)
        return document
    if isinstance(document, Agreement):
        check.agreement(document, findings)
        return document
    return None


def _source(data: bytes, limit: int, findings: Findings) -> Source | None:
    if len(data) > limit:
        summary = f"the document has {len(data)} bytes; at most {limit} are read"
        findings.add("body-too-large", NOWHERE, summary, "split it, or raise the setting body_limit")
        return None
    try:
        return Source(decode(data))
    except ValueError as wrong:
        findings.add("encoding", NOWHERE, f"the bytes are not text: {wrong}", "save the document as UTF-8")
        return None


def _tree(source: Source, given: Format | str | None, findings: Findings) -> Element | None:
    xml = source.text.lstrip().startswith("<") if given is None else Format(given) is Format.XML
    return xml_tree.parse(source, findings) if xml else yaml_tree.parse(source, findings)


def _is_document(root: Element, source: Source, findings: Findings) -> bool:
    if root.name in ROOTS:
        return True
    hint = nearest(root.name, ROOTS)
    findings.add(
        "not-a-document", source.position(root.start), f"<{root.name[:60]}> is no document that is read here", hint
    )
    return False
