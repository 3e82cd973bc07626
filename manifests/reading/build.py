"""Elements -> the typed values of `manifests.model`, by the table in `manifests.grammar`.

Every mistake is collected and reading goes on: a value that cannot be read is left to its default, an element that
cannot be made is left out; the document is refused in the end.
"""

from __future__ import annotations

from collections.abc import Callable

from manifests.actions.language import Call, Path, is_cordscript, statements
from manifests.findings import Findings, nearest
from manifests.grammar import GRAMMAR, NAMESPACES, Attr, Child, Rule
from manifests.grammar.kinds import CONVERT, Kind
from manifests.grammar.rules import DECORATIONS
from manifests.model import Position, Property, Statement
from manifests.reading.references import References
from manifests.text.source import Source
from manifests.text.tree import Attribute, Budget, Element


class Builder:
    """Builds one document."""

    def __init__(self, source: Source, findings: Findings, references: References) -> None:
        self._source, self._findings, self._references = source, findings, references
        self._made: dict[tuple[int, str], object | None] = {}
        self._values: dict[tuple[Kind, str], object] = {}
        self._namespaces = set(NAMESPACES)
        self._budget = Budget()

    def build(self, element: Element, rule_name: str) -> object | None:
        """The value of an element, or None when something it cannot be without is missing. An element that many refer
        to is read, and complained about, once."""
        rule = GRAMMAR[rule_name]
        meant = self._references.target(element, rule.refers)
        if not self._references.is_referred(meant):
            return self._build(meant, rule)
        key = (id(meant), rule_name)
        if key not in self._made:
            self._made[key] = self._build(meant, rule)
        return self._made[key]

    def _build(self, element: Element, rule: Rule) -> object | None:
        self._check_shape(element, rule)
        values = self._attributes(element, rule)
        values.update(self._children(element, rule))
        if not values.keys() >= rule.needed:
            return None
        values.setdefault("name", "")
        return rule.make(**values, at=self._source.position(element.start))

    def _check_shape(self, element: Element, rule: Rule) -> None:
        at = self._source.position
        if element.namespace not in self._namespaces:
            self._namespaces.add(element.namespace)
            summary = f"<{element.name}> is in the namespace {element.namespace!r}"
            self._findings.add("namespace", at(element.start), summary, "use the namespace of CORDS, or none")
        for name, start in element.repeated:
            self._findings.add("duplicate", at(start), f"{name!r} stands twice in {element.name}", "keep one")
        if element.text and element.text.value.strip():
            summary = f"text stands directly in <{element.name}>"
            self._findings.add("stray-text", at(element.text.start), summary, "only attributes and elements may")

    def _attributes(self, element: Element, rule: Rule) -> dict[str, object]:
        values: dict[str, object] = {}
        written = self._written(element, rule)
        for name, attribute in written.items():
            known = rule.attributes.get(name)
            if known is None:
                self._unknown_attribute(element, rule, name, attribute)
                continue
            if known.historic:
                self._historic(f"the attribute {name} of <{element.name}>", attribute.name_at, known.historic)
            if known.kind in _MAY_BE_CORDSCRIPT and not known.required and is_cordscript(name, attribute.value):
                self._cordscript(f"{name} of <{element.name}>", attribute)
            elif known.kind is not Kind.READ:
                self._convert(element, name, known, attribute, values)
        for name in rule.required:
            known = rule.attributes.get(name)
            if known and known.required and not (name in written and written[name].value.strip()):
                at = self._source.position(element.start)
                self._findings.add("missing", at, f"<{element.name}> has no {name}", f"give it the attribute {name}")
                values.pop(known.field or name, None)
        return values

    def _cordscript(self, what: str, attribute: Attribute) -> None:
        summary = f"{what} is a script for the original's parser: it is not acted on"
        self._findings.add("historic-cordscript", self._source.position(attribute.start), summary, "leave it out")

    def _written(self, element: Element, rule: Rule) -> dict[str, Attribute]:
        """An attribute may also be written as an element with only a text in it, where it is a script or a statement.
        CORDS' own `<description>` is of this form, and may stand there several times."""
        texts: dict[str, Attribute] = {}
        for inner in element.children if rule.texts else ():
            if not _is_text(inner, rule):
                continue
            text = inner.text or Attribute("", inner.start, inner.start)
            before = texts.get(inner.name)
            if before and inner.name in DECORATIONS:
                text = before._replace(value=f"{before.value}\n{text.value}", style="elsewhere")
            elif before or inner.name in element.attributes:
                at = self._source.position(inner.start)
                self._findings.add("duplicate", at, f"{inner.name} of <{element.name}> is there twice", "keep one")
            texts[inner.name] = text
        return element.attributes | texts if texts else element.attributes

    def _convert(
        self, element: Element, name: str, known: Attr, attribute: Attribute, values: dict[str, object]
    ) -> None:
        if not attribute.value and known.kind is not Kind.LANGUAGE:
            return  # cords.md 3.2: an empty value means absent
        if attribute.open:
            self._leave(name, known, attribute, values)
            return
        try:
            values[known.field or name] = self._value(known.kind, attribute.value)
        except ValueError as wrong:
            at = self._source.position(attribute.start)
            self._findings.add("bad-value", at, f"{name} of <{element.name}>: {wrong}{_of_inputs(attribute)}")
            return
        if known.kind is Kind.EXPRESSION:
            values["statements"] = self._statements(attribute)

    def _value(self, kind: Kind, text: str) -> object:
        """ValueError if the text is no value of the kind. A document says the same over and over: it is converted, and
        kept, once."""
        key = (kind, text)
        if key not in self._values:
            self._values[key] = CONVERT[kind](text)
        return self._values[key]

    def _leave(self, name: str, known: Attr, attribute: Attribute, values: dict[str, object]) -> None:
        """What waits for an input: a text as it is written, any other value unknown. Nobody plans such a document."""
        if known.kind in _AS_WRITTEN:
            values[known.field or name] = attribute.value
        elif known.required:
            values[known.field or name] = "" if known.kind is Kind.EXPRESSION else None

    def _historic(self, what: str, start: int, instead: str) -> None:
        self._findings.add(
            "historic-attribute", self._source.position(start), f"{what} is in no schema", f"write {instead}"
        )

    def _unknown_attribute(self, element: Element, rule: Rule, name: str, attribute: Attribute) -> None:
        at = self._source.position(attribute.name_at)
        if name in rule.children:
            hint = f"write <{name}> inside <{element.name}>, or in YAML a mapping under {name}"
            self._findings.add("wrong-form", at, f"{name} of <{element.name}> is an element, not an attribute", hint)
            return
        hint = "" if self._findings.full else nearest(name, _spoken(rule))
        self._findings.add("unknown-attribute", at, f"<{element.name}> has no attribute {name[:60]!r}", hint)

    def _children(self, element: Element, rule: Rule) -> dict[str, object]:
        many: dict[str, list[object]] = {}
        values: dict[str, object] = {}
        seen: set[str] = set()
        for inner in element.children:
            child = rule.children.get(inner.name)
            if child is None:
                self._unknown_element(element, rule, inner)
                continue
            if child.historic:
                self._historic(f"<{inner.name}>", inner.start, f"<{child.historic}>")
            if inner.name in seen and not child.many:
                at = self._source.position(inner.start)
                self._findings.add("duplicate", at, f"<{element.name}> has a second <{inner.name}>", "keep one")
            seen.add(inner.name)
            made = self.build(inner, child.rule)
            if made is not None:
                self._keep(child, made, values, many)
        self._check_missing(element, rule, seen)
        values.update((name, tuple(items)) for name, items in many.items())
        return values

    def _keep(self, child: Child, made: object, values: dict[str, object], many: dict[str, list[object]]) -> None:
        if child.many or child.among:
            many.setdefault(child.field, []).append(made)
        else:
            values[child.field] = made

    def _check_missing(self, element: Element, rule: Rule, seen: set[str]) -> None:
        for name in rule.required:
            if name in rule.children and name not in seen:
                at, lacking = self._source.position(element.start), rule.children[name].lacking
                self._findings.add(lacking, at, f"<{element.name}> has no <{name}>", f"write <{name}> inside it")

    def _unknown_element(self, element: Element, rule: Rule, inner: Element) -> None:
        if _is_text(inner, rule):
            return  # read as an attribute
        at = self._source.position(inner.start)
        if inner.name in rule.attributes:
            text = inner.name in rule.texts
            hint = "give it a text, without attributes or elements" if text else f"write {inner.name}=..."
            self._findings.add("wrong-form", at, f"{inner.name} of <{element.name}> is an attribute", hint)
            return
        if inner.name in DECORATIONS:
            return
        hint = "" if self._findings.full else nearest(inner.name, rule.children)
        self._findings.add("unknown-element", at, f"<{element.name}> has no element <{inner.name[:60]}>", hint)

    def _statements(self, attribute: Attribute) -> tuple[Statement, ...]:
        self._budget.spend(attribute.start, statements=attribute.value.count(";"))
        calls, troubles = statements(attribute.value)
        place = attribute.places(self._source.text)
        for trouble in troubles:
            hint = "end each statement with ;" if trouble.code == "action-end" else "path.method(arguments);"
            summary = trouble.summary + _of_inputs(attribute)
            self._findings.add(trouble.code, self._source.position(place(trouble.offset)), summary, hint)
        return tuple(_statement(call, lambda offset: self._source.position(place(offset))) for call in calls)


# Where the original's documents and defaults have such a script; anywhere else it is no value of the kind.
_MAY_BE_CORDSCRIPT = frozenset({Kind.READ, Kind.TEXT, Kind.SCRIPT})
# The kinds whose value is the text itself, whatever else it may have to be.
_AS_WRITTEN = frozenset(
    {Kind.TEXT, Kind.LABEL, Kind.NAME, Kind.PACKAGE, Kind.HOST, Kind.RANGE, Kind.PATH, Kind.SCRIPT, Kind.ADDRESS}
)


def _of_inputs(attribute: Attribute) -> str:
    """Which inputs a value came from, for a sentence about it."""
    names = sorted({use.name for use in attribute.uses})
    return f" (filled from the input {' and '.join(names)})" if names else ""


def _statement(call: Call, position: Callable[[int], Position]) -> Statement:
    """`position` of an offset in the expression."""
    arguments = tuple(_property(a, position(a.offset)) if isinstance(a, Path) else a for a in call.arguments)
    method = call.method if call.method == "set" else call.method.lower()
    return Statement(str(call.path), method, arguments, at=position(call.offset))


def _property(path: Path, at: Position) -> Property:
    return Property(".".join(path.names[:-1]), path.names[-1], at=at)


def _is_text(inner: Element, rule: Rule) -> bool:
    return inner.name in rule.texts and not inner.attributes and not inner.children


def _spoken(rule: Rule) -> list[str]:
    return [name for name, known in rule.attributes.items() if known.kind is not Kind.READ and not known.historic]
