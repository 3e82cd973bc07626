"""The grammar of CORDS documents as one table: element -> what it is built into, its attributes, its children.

Read by `manifests.reading.build` for every format, by `manifests.reading.instances` the other way round, and by what
writes schemas. `rules` says what a row is, `kinds` what a text may be, `meanings` what people are told.
The rows stand with the documents they belong to; a key is the element's name, or that of a rule that several share.
"""

from __future__ import annotations

from collections.abc import Mapping

from manifests.grammar import agreement_rules, manifest_rules, records
from manifests.grammar.rules import Attr, Child, Refers, Rule

__all__ = ["GRAMMAR", "NAMESPACES", "ROOTS", "Attr", "Child", "Refers", "Rule"]

GRAMMAR: Mapping[str, Rule] = {**records.RULES, **manifest_rules.RULES, **agreement_rules.RULES}
ROOTS = (
    "manifest",
    "agreement",
    "import",
    "provider",
    "federation",
    "easiclouds_application",
    "paas_application_manifest",
)
_SCHEMAS = ("manifest", "cords", "slam", "provision", "federation", "easiclouds", "paasmanifest")
# cords.md 1.1 and 8.5: one grammar under several namespaces, matched by local name.
NAMESPACES = frozenset(
    f"{where}{schema}.xsd" for where in ("http://www.compatibleone.fr/schemes/", "file:///tmp/") for schema in _SCHEMAS
) | {""}
