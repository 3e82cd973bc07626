"""What an agreement's parts say about each other, and of what type its groups of terms are (cords.md 4.1, 8.7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from manifests.findings import Findings
from manifests.model import Agreement, Manifest, Term, Terms

TYPES = ("services", "conditions", "guarantees")


def agreement(document: Agreement, findings: Findings) -> Agreement:
    """The document with each group of terms of its type; a diagnostic when it is about nothing."""
    document = replace(document, terms=tuple(_typed(terms, findings) for terms in document.terms))
    terms = [term for group in document.terms for term in group.terms]
    if not any(term.manifest or term.provider or term.federation for term in terms):
        hint = 'write <terms type="services"><term><manifest name="..."/></term></terms>'
        findings.add("no-manifest", document.at, f"the agreement {document.name} names no manifest", hint)
    return document


def manifests(document: Agreement) -> Iterator[Manifest]:
    """Those that are written out in it, as documents from before 2012 have them."""
    for group in document.terms:
        yield from (term.manifest for term in group.terms if term.manifest and term.manifest.nodes)


def _typed(terms: Terms, findings: Findings) -> Terms:
    """cords.md 8.7: `service`, `all` and `sla5:services` are seen; what stands inside says what is meant."""
    if terms.type in TYPES:
        return terms
    words = (word.rpartition(":")[2].lower() for word in (terms.type, terms.name))
    meant = _content(terms.terms) or next((word for word in words if word in TYPES), "services")
    summary = f"the type of the terms {terms.name} is {terms.type!r}; they are taken for {meant}"
    findings.add("terms-type", terms.at, summary, f"write type='{meant}'")
    return replace(terms, type=meant)


def _content(terms: tuple[Term, ...]) -> str:
    for term in terms:
        if term.manifest or term.provider or term.federation:
            return "services"
        if term.guarantees:
            return "guarantees"
        if term.variables:
            return "conditions"
    return ""
