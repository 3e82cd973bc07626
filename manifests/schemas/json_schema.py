"""The grammar as JSON Schema 2020-12, for documents in JSON and in YAML: what `manifests.text.twins` writes.

Numbers, booleans and nulls of YAML are read as their text, so a schema allows those whose text has the form. What no
schema can say (names that must be there, names that must be there once) is in docs/manifests-schemas.md.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from manifests.codes import CODES
from manifests.diagnostics import Severity
from manifests.grammar import GRAMMAR, NAMESPACES, ROOTS, Attr, Child, Refers, Rule
from manifests.grammar.kinds import FORMS, Form, Kind
from manifests.grammar.meanings import attribute_meaning, element_meaning
from manifests.grammar.patterns import ANYTHING, INPUT
from manifests.grammar.rules import DECORATIONS
from manifests.reading.references import SAYS_NOTHING
from manifests.text.tree import ATTRIBUTE_MARK, NAMESPACE_KEY, TEXT_KEY

Json = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What XML cannot hold (XML 1.0, 2.2), and so no document.
_CONTROL = r"[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]"
_BLANK = r"^[ \t\n\r]*(?![\s\S])"
_NOTHING: Json = {"enum": ["", None]}
_DECORATION = "decoration"


def schema() -> str:
    """The text of the schema."""
    whole: Json = {
        "$schema": _DIALECT,
        "title": "CORDS document",
        "description": "A manifest, an agreement or another document of CORDS, as YAML or JSON.",
        "type": "object",
        "properties": {root: _element(root) for root in ROOTS},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
        "$defs": {
            **{_kind_name(kind): _kind(form) for kind, form in FORMS.items()},
            **{f"element {name}": _rule(name, rule) for name, rule in GRAMMAR.items()},
            _DECORATION: {"type": "object"},
        },
    }
    return orjson.dumps(whole, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


def _kind_name(kind: Kind) -> str:
    return f"text {kind.name.lower()}"


def _ref(name: str) -> Json:
    return {"$ref": "#/$defs/" + name.replace(" ", "%20")}


def _element(rule: str) -> Json:
    return _ref(f"element {rule}")


def _anchored(pattern: str) -> str:
    """The whole text: Python's `$` would leave a line end over."""
    return rf"^(?:{pattern})(?![\s\S])"


def _kind(form: Form) -> Json:
    """Text of the form, or a number or a boolean whose text is."""
    allowed: list[Json] = [{"enum": list(form.words)}] if form.words else []
    if form.pattern == ANYTHING:
        allowed.append({"type": "string"} | ({"maxLength": form.most} if form.most else {}))
    else:
        length = {"maxLength": form.most} if form.most else {}
        allowed.append({"type": "string", "pattern": _anchored(form.pattern), **length})
        allowed.append({"type": "string", "pattern": _anchored(INPUT)})
    if form.numbers:
        least, most, whole = form.numbers
        allowed.append({"type": "integer" if whole else "number", "minimum": least, "maximum": most})
    if re.fullmatch(form.pattern, "true") and re.fullmatch(form.pattern, "false"):
        allowed.append({"type": "boolean"})
    return {"description": form.meaning, "anyOf": allowed, "not": {"type": "string", "pattern": _CONTROL}}


def _rule(name: str, rule: Rule) -> Json:
    properties: Json = {NAMESPACE_KEY: {"enum": sorted(NAMESPACES), "description": "the namespace of the XML twin"}}
    for key, known in rule.attributes.items():
        said = _attribute(rule, name, key, known)
        properties[ATTRIBUTE_MARK + key if key in rule.children else key] = said
    for term, child in rule.children.items():
        properties[term] = _child(rule, name, term, child)
    for term in sorted(DECORATIONS - properties.keys()):
        properties[term] = {"anyOf": [_ref(_DECORATION), {"type": "array", "items": _ref(_DECORATION)}]}
    found: Json = {
        "description": element_meaning(name),
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return found | _needs(rule)


def needed(child: Child) -> bool:
    """Whether a document is refused that does not have it."""
    return child.required and CODES[child.lacking].severity is Severity.ERROR


def _needs(rule: Rule) -> Json:
    """All that must be there; or a name alone, which refers to one that is elsewhere."""
    every: Json = {"required": [n for n in rule.required if n in rule.attributes or needed(rule.children[n])]}
    if rule.refers is Refers.NEVER or every["required"] in ([], ["name"]):
        return every
    alone = {"propertyNames": {"enum": [*sorted(SAYS_NOTHING), NAMESPACE_KEY]}, "required": ["name"]}
    return {"anyOf": [every, alone]}


def _attribute(rule: Rule, element: str, name: str, known: Attr) -> Json:
    form = _ref(_kind_name(known.kind))
    if known.required:
        allowed = [form if known.kind is Kind.EXPRESSION else form | {"not": {"type": "string", "pattern": _BLANK}}]
    else:
        allowed = [form, _NOTHING]
    if name in rule.texts:
        allowed += _as_elements(allowed[0], name, known)
    found: Json = allowed[0] if len(allowed) == 1 else {"anyOf": allowed}
    meaning = attribute_meaning(element, name, known)
    return found | ({"description": meaning} if meaning else {}) | ({"deprecated": True} if known.historic else {})


def _as_elements(form: Json, name: str, known: Attr) -> list[Json]:
    """The twin of an attribute that is written as an element; descriptions may be several."""
    one: Json = {"type": "object", "properties": {TEXT_KEY: form}, "additionalProperties": False}
    if known.required:
        one["required"] = [TEXT_KEY]
    several: Json = {"type": "array", "items": one, "minItems": int(known.required)}
    return [one, several if name in DECORATIONS else several | {"maxItems": 1}]


def _child(rule: Rule, element: str, term: str, child: Child) -> Json:
    """One as a mapping, several as a list; a list of one is one. A scalar is the attribute of that name, and is not the
    element that must be there."""
    one = _element(child.rule)
    several: Json = {"type": "array", "items": one}
    if not child.many:
        several["maxItems"] = 1
    if needed(child):
        several["minItems"] = 1
    allowed = [one, several]
    if term in rule.attributes and not needed(child):
        allowed.append(_ref(_kind_name(rule.attributes[term].kind)))
    return {"anyOf": allowed} | ({"deprecated": True} if child.historic else {})
