"""The grammar as XML Schema 1.0, one schema a namespace.

Elements stand in any order, as the reader takes them. `xsd:all` cannot mix those that stand once with those that may
be many, so what stands once is a state: a group for each set of single elements that are still to come, which is a
deterministic content model. An attribute that may also be an element (a script) is held to one of both by an identity
constraint of the element on itself. What no schema can say is in docs/manifests-schemas.md.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations
from typing import Any

from lxml import etree

from manifests.grammar import GRAMMAR, ROOTS, Attr, Refers, Rule
from manifests.grammar.kinds import FORMS, Form, Kind
from manifests.grammar.meanings import attribute_meaning, element_meaning
from manifests.grammar.patterns import ANYTHING, INPUT, SOMETHING
from manifests.grammar.rules import DECORATIONS
from manifests.schemas.json_schema import needed

_XSD = "http://www.w3.org/2001/XMLSchema"
_ANY = "decoration"
_PREFIX = "c"

Node = etree._Element


def schema(namespace: str = "", roots: tuple[str, ...] = ROOTS) -> str:
    """The text of the schema for these documents in a namespace, or in none."""
    names = {"xsd": _XSD} | ({_PREFIX: namespace} if namespace else {})
    whole = etree.Element(f"{{{_XSD}}}schema", nsmap=names)
    if namespace:
        whole.set("targetNamespace", namespace)
        whole.set("elementFormDefault", "qualified")
    _Writer(whole, f"{_PREFIX}:" if namespace else "").write(roots)
    etree.indent(whole)
    return etree.tostring(whole, xml_declaration=True, encoding="UTF-8").decode() + "\n"


def _add(parent: Node, tag: str, **attributes: Any) -> Node:
    """An element of XML Schema; an attribute that is None is left out."""
    said = {name.rstrip("_"): str(value) for name, value in attributes.items() if value is not None}
    return etree.SubElement(parent, f"{{{_XSD}}}{tag}", said)


def _explain(parent: Node, text: str) -> None:
    _add(_add(parent, "annotation"), "documentation").text = text


class _Writer:
    """Writes one schema; `prefix` stands before every name that it refers to."""

    def __init__(self, whole: Node, prefix: str) -> None:
        self._whole, self._prefix = whole, prefix

    def write(self, roots: tuple[str, ...]) -> None:
        for root in roots:
            self._element(self._whole, root, root, ())
        for kind, form in FORMS.items():
            self._kind(kind, form, required=False)
            self._kind(kind, form, required=True)
        self._decoration()
        for name in _reached(roots):
            self._rule(name, GRAMMAR[name])

    def _ref(self, name: str) -> str:
        return self._prefix + name

    def _decoration(self) -> None:
        """Whatever a decorated document has there."""
        any_ = _add(self._whole, "complexType", name=_ANY, mixed="true")
        inside = _add(any_, "sequence")
        _add(inside, "any", minOccurs=0, maxOccurs="unbounded", processContents="skip")
        _add(any_, "anyAttribute", processContents="skip")

    def _kind(self, kind: Kind, form: Form, *, required: bool) -> None:
        name = _type_name(kind, required=required)
        if not form.words:
            self._form(name, form, required=required)
            return
        self._form(f"{name}.text", form, required=required)
        both = _add(self._whole, "simpleType", name=name)
        _explain(both, form.meaning)
        union = _add(both, "union", memberTypes=self._ref(f"{name}.text"))
        words = _add(_add(union, "simpleType"), "restriction", base="xsd:string")
        for word in form.words:
            _add(words, "enumeration", value=word)

    def _form(self, name: str, form: Form, *, required: bool) -> None:
        """Patterns of one type are alternatives; an optional value may be empty, which is none (cords.md 3.2)."""
        type_ = _add(self._whole, "simpleType", name=name)
        _explain(type_, form.meaning)
        facets = _add(type_, "restriction", base="xsd:string")
        if form.pattern != ANYTHING:
            allowed = [form.pattern, INPUT, *([] if required else [""])]
        else:
            allowed = [SOMETHING] if required else []
        for pattern in allowed:
            _add(facets, "pattern", value=pattern)
        if form.most:
            _add(facets, "maxLength", value=form.most)

    def _rule(self, name: str, rule: Rule) -> None:
        type_ = _add(self._whole, "complexType", name=name)
        _explain(type_, element_meaning(name))
        singles = self._contents(name, rule)
        _add(type_, "group", ref=self._ref(_state_name(name, singles)))
        for key, known in rule.attributes.items():
            use = "required" if known.required and not _elsewhere(rule, key) else None
            attribute = _add(type_, "attribute", name=key, type=self._type(known), use=use)
            if meaning := attribute_meaning(name, key, known):
                _explain(attribute, meaning)
        _add(type_, "anyAttribute", namespace="##other", processContents="skip")

    def _type(self, known: Attr) -> str:
        return self._ref(_type_name(known.kind, required=known.required))

    def _contents(self, name: str, rule: Rule) -> tuple[str, ...]:
        """The groups that an element's content is made of; answers the children that stand once."""
        singles = tuple(term for term, child in rule.children.items() if not child.many)
        for term in singles:
            once = _add(_add(self._whole, "group", name=f"{name}.{term}"), "sequence")
            self._element(once, term, rule.children[term].rule, (name,))
        self._repeated(name, rule)
        must = frozenset(term for term in singles if needed(rule.children[term]))
        for count in range(len(singles) + 1):
            for left in combinations(singles, count):
                self._state(name, left, must)
        return singles

    def _repeated(self, name: str, rule: Rule) -> None:
        """What may stand any number of times, and what identity constraints hold to one."""
        group = _add(self._whole, "group", name=f"{name}.any")
        choice = _add(group, "choice")
        for term, child in rule.children.items():
            if child.many:
                self._element(choice, term, child.rule, (name,))
        for key, known in rule.attributes.items():
            if key in rule.texts:
                _add(choice, "element", name=key, type=self._type(known))
        for term in sorted(DECORATIONS - rule.attributes.keys() - rule.children.keys()):
            _add(choice, "element", name=term, type=self._ref(_ANY))

    def _state(self, name: str, left: tuple[str, ...], must: frozenset[str]) -> None:
        """What may follow while these single elements have not been there."""
        state = _add(_add(self._whole, "group", name=_state_name(name, left)), "sequence")
        _add(state, "group", ref=self._ref(f"{name}.any"), minOccurs=0, maxOccurs="unbounded")
        if not left:
            return
        next_ = _add(state, "choice", minOccurs=None if must & set(left) else 0)
        for term in left:
            step = _add(next_, "sequence")
            _add(step, "group", ref=self._ref(f"{name}.{term}"))
            rest = tuple(other for other in left if other != term)
            _add(step, "group", ref=self._ref(_state_name(name, rest)))

    def _element(self, parent: Node, term: str, rule_name: str, above: tuple[str, ...]) -> None:
        many = _add(parent, "element", name=term, type=self._ref(rule_name))
        rule = GRAMMAR[rule_name]
        for key, known in rule.attributes.items():
            if key in rule.texts and key not in DECORATIONS:
                name = ".".join((*above, term, key))
                one = _add(many, "key" if known.required else "unique", name=name)
                _add(one, "selector", xpath=".")
                _add(one, "field", xpath=f"@{key}|{self._prefix}{key}")


def _reached(roots: Iterable[str]) -> list[str]:
    """The rules that documents with these roots are made of."""
    found = list(roots)
    for name in found:
        found += {child.rule: child for child in GRAMMAR[name].children.values() if child.rule not in found}
    return found


def _elsewhere(rule: Rule, name: str) -> bool:
    """Whether a required attribute may be missing: it is an element, or the element refers to another by its name."""
    return name in rule.texts or (rule.refers is not Refers.NEVER and name != "name")


def _type_name(kind: Kind, *, required: bool) -> str:
    return f"text.{kind.name.lower()}" + (".required" if required else "")


def _state_name(name: str, left: tuple[str, ...]) -> str:
    return ".".join((name, "left", *left)) if left else f"{name}.rest"
