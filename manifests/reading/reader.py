"""Bytes -> a typed document, or everything that is wrong with them. Never an exception, whatever the bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from manifests.actions.statements import OF_A_SITE, Metrics, watched
from manifests.diagnostics import Diagnostic
from manifests.findings import NOWHERE, Findings, nearest
from manifests.grammar import ROOTS
from manifests.model import Agreement, Document, Manifest, Record
from manifests.reading import agreements, check, domain, nesting, outputs, outside, parameters
from manifests.reading.build import Builder
from manifests.reading.nesting import Nest, Nested
from manifests.reading.references import NO_LIBRARY, Defined, Library, References
from manifests.text import characters, xml_tree
from manifests.text.source import Source, decode
from manifests.text.tree import Element, TooMuch

BODY_LIMIT = 2 * 1024**2


class Format(StrEnum):
    """JSON is read as the YAML that it is."""

    XML = "xml"
    YAML = "yaml"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class Reading:
    """`document` is None exactly when a diagnostic is an error. `tree` is the document as elements, whatever its format
    was; None when it has none."""

    document: Document | None
    diagnostics: tuple[Diagnostic, ...] = ()
    tree: Element | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What a document is read with besides its own text: see `read`."""

    strict: bool = False
    inputs: Mapping[str, str] | None = None
    metrics: Metrics | None = None
    nest: Nest = field(default_factory=Nest)


def read(
    data: bytes,
    *,
    format: Format | str | None = None,
    limit: int = BODY_LIMIT,
    strict: bool = False,
    inputs: Mapping[str, str] | None = None,
    library: Library = NO_LIBRARY,
    complete: bool = True,
    metrics: Metrics | None = None,
) -> Reading:
    """A document of any kind. Without `format` a text that begins with `<` is XML, any other YAML or JSON.

    `limit` in bytes. `strict`: what would be repaired is an error. `inputs`: the values of what the document leaves
    open; None: nobody fills it now. `library`: where an empty named element is looked for when the document does
    not have it; unless it is `complete`, a server may have what it has not. `metrics`: those that somebody
    measures, by name; None: they are not checked. Names are resolved and statements checked: what comes back can be
    placed and planned.
    """
    findings = Findings()
    source = _source(data, limit, findings)
    if source is None:
        return Reading(None, findings.diagnostics())
    document, tree = _read(
        source, format, Around(strict, inputs, metrics, Nest(library, complete and library is not NO_LIBRARY)), findings
    )
    return Reading(None if findings.refused else document, findings.diagnostics(), tree)


def parse(data: bytes, *, format: Format | str | None = None, limit: int = BODY_LIMIT) -> Reading:
    """The elements alone, as they are written: whatever document they are, and whatever is wrong with what they say."""
    findings = Findings()
    source = _source(data, limit, findings)
    tree: Element | None = None
    try:
        tree = None if source is None else _tree(source, format, False, findings)
    except TooMuch as wrong:
        findings.add("too-many-parts", source.position(wrong.at) if source else NOWHERE, str(wrong), "split it")
    return Reading(None, findings.diagnostics(), tree)


def _read(
    source: Source, given: Format | str | None, around: Around, findings: Findings
) -> tuple[Document | None, Element | None]:
    root: Element | None = None
    try:
        root = _tree(source, given, around.strict, findings)
        document = None if root is None else _document(root, source, around, findings)
    except TooMuch as wrong:
        findings.add("too-many-parts", source.position(wrong.at), str(wrong), "split the document")
        return None, root
    return document, root


def _document(root: Element, source: Source, around: Around, findings: Findings) -> Document | None:
    if not _is_document(root, source, findings):
        return None
    domain.prefix(root, source.text)
    filled = parameters.filled(root, source, around.inputs, findings)
    references = References(filled.root, source, findings, around.nest.library, complete=around.nest.complete)
    document = Builder(source, findings, references).build(filled.root, root.name)
    if isinstance(document, Manifest):
        document = nesting.nested(document, around.nest, lambda defined, nest: _inner(defined, nest, around), findings)
        check.manifest(document, findings, _measured(document, around), complete=around.nest.complete)
        document = outside.settled(parameters.settled(document, filled, findings), findings)
        return outputs.settled(document, findings)
    if isinstance(document, Agreement):
        for manifest in agreements.manifests(document):
            check.manifest(manifest, findings)
        return agreements.agreement(document, findings)
    if isinstance(document, Record):
        check.record(document, findings)
        return document
    return None


def _inner(defined: Defined, nest: Nest, around: Around) -> Nested:
    """A manifest of the library. Nobody gives its inputs a value: their defaults are what they are."""
    findings = Findings()
    document, _ = _read(Source(defined.text), Format.JSON, replace(around, inputs=None, nest=nest), findings)
    return document if isinstance(document, Manifest) and not findings.refused else None, findings.diagnostics()


def _measured(document: Manifest, around: Around) -> Metrics | None:
    """The metrics that a statement may name: those that somebody measures, and those that the library defines."""
    if around.metrics is None:
        return None
    named = frozenset(watched(document))
    if not named:
        return around.metrics
    own = {name: OF_A_SITE for name in named if around.nest.library("metric", name)}
    by_pattern = {name: around.metrics[name] for name in named if name in around.metrics}  # which stand in no list
    return {**own, **around.metrics, **by_pattern}


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


def _tree(source: Source, given: Format | str | None, strict: bool, findings: Findings) -> Element | None:
    xml = source.text.lstrip("\ufeff; \t\r\n").startswith("<") if given is None else Format(given) is Format.XML
    root = xml_tree.parse(source, findings, strict=strict) if xml else _yaml(source, findings)
    if root is not None:
        characters.check(root, source, findings)
    return root


def _yaml(source: Source, findings: Findings) -> Element | None:
    from manifests.text import yaml_tree

    return yaml_tree.parse(source, findings)


def _is_document(root: Element, source: Source, findings: Findings) -> bool:
    if root.name in ROOTS:
        return True
    hint = nearest(root.name, ROOTS)
    findings.add(
        "not-a-document", source.position(root.start), f"<{root.name[:60]}> is no document that is read here", hint
    )
    return False
