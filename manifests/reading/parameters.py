"""What a document leaves open: its inputs, filled where `${input.NAME}` stands, and told to nodes by `configure`.

Filling happens on the tree, before anything is converted, so that every attribute and every script can hold an input
and a bad value is complained about where it ends up. A value is never filled again: `${input.x}` inside one stays as
it is. A secret input stands in no tree and no plan: only `node.configure(input.NAME);` passes it on, as a Ref.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from manifests.actions.paths import INPUT
from manifests.findings import Findings, nearest
from manifests.grammar.kinds import CONVERT, Kind
from manifests.model import Input, Manifest, Node, Phase, Position, Property, Statement
from manifests.plan import Step
from manifests.planning.steps import secret_step
from manifests.text import characters
from manifests.text.source import Source
from manifests.text.tree import Attribute, Element, TooMuch, Use

TYPES: Mapping[str, Kind] = {
    "text": Kind.TEXT,
    "number": Kind.NUMBER,
    "flag": Kind.FLAG,
    "size": Kind.SIZE,
    "name": Kind.NAME,
}
LONGEST_SECRET = 16 * 1024
"""Characters: enough for a private key with its certificates."""
MOST_FILLED = 2 * 1024**2
"""Characters that filling may add to a document: what is read of a body by default."""

_MARK = "${input."
# The closing brace is its own group: what has none is no use, and said to be none.
_USE = re.compile(r"\$\{input\.([^{}\s\"']{0,63})(\}?)")


@dataclass(frozen=True, slots=True)
class Filled:
    """A tree with its inputs in place. `values`: what each plain input is, given or by default; one without either is
    absent. `used`: the inputs that stand in `${}` somewhere. `given`: whether somebody fills the document at all."""

    root: Element
    values: Mapping[str, str] = field(default_factory=dict)
    used: frozenset[str] = frozenset()
    given: bool = False


def filled(root: Element, source: Source, inputs: Mapping[str, str] | None, findings: Findings) -> Filled:
    """The tree with every `${input.NAME}` replaced. `inputs` None: nobody fills now, so defaults are used and what has
    none stays open (`Attribute.open`); else everything that is missing, unknown or not allowed is said.

    TooMuch when the values would make the document larger than it may be.
    """
    declared = {one.name: one for one in _declarations(root, source, findings)}
    if not declared and not inputs and _MARK[2:] not in source.text:
        return Filled(root, given=inputs is not None)
    values = {one.name: one.default for one in declared.values() if one.default is not None and not one.secret}
    if inputs is not None:
        values |= _accepted(declared, inputs, source.position(root.start), findings)
        _check_missing(declared, {*values, *inputs}, findings)
    filler = _Filler(declared, values, source, findings)
    return Filled(filler.element(root), values, frozenset(filler.used), inputs is not None)


def settled(document: Manifest, known: Filled, findings: Findings) -> Manifest:
    """The document with each `input.NAME` of its statements as the literal that it is (a secret stays a name), after
    checking that every declared input is used. (That those in statements are declared, `statements` says.)"""
    told = {named.name for named in _told(document)}
    _check_clash(document, findings)
    for one in document.inputs:
        if one.name not in known.used | told:
            summary = f"the input {one.name} is used nowhere"
            hint = f"write ${{input.{one.name}}} where it belongs, or take it out"
            findings.add("input-unused", one.at, summary, hint)
    if known.given:
        _check_nested(document, findings)
    if not document.inputs:
        return document
    inputs = tuple(replace(one, value=known.values.get(one.name)) for one in document.inputs)
    return stated(replace(document, inputs=inputs), {(INPUT, name): text for name, text in known.values.items()})


def stated(document: Manifest, literals: Mapping[tuple[str, str], str]) -> Manifest:
    """The document with these properties, (path, name) -> text, as literals wherever a statement passes them on."""

    def phase(found: Phase | None) -> Phase | None:
        if found is None or not literals:
            return found
        actions = tuple(replace(a, statements=tuple(_stated(s, literals) for s in a.statements)) for a in found.actions)
        return replace(found, actions=actions)

    return replace(
        document,
        configuration=phase(document.configuration),
        release=phase(document.release),
        interface=phase(document.interface),
    )


def unknown(document: Manifest) -> tuple[Input, ...]:
    """The plain inputs that have no value: what cannot be planned yet."""
    return tuple(one for one in document.inputs if not one.secret and one.value is None)


def given(document: Manifest) -> list[Step]:
    """A step for each secret input: its value comes with the service, and no plan holds it."""
    return [
        Step(secret_step(one.name), "given", f"secret/input.{one.name}", {"name": one.name, "type": one.type})
        for one in document.inputs
        if one.secret
    ]


def is_open(text: str) -> bool:
    """Whether a text of a document that nobody filled still waits for an input."""
    return _MARK in text


def awaited(element: Element) -> Iterator[str]:
    """Every `${input.NAME}` in an element, as it is written."""
    for attribute in (*element.attributes.values(), *([element.text] if element.text else [])):
        yield from (match[0] for match in _USE.finditer(attribute.value))
    for child in element.children:
        yield from awaited(child)


def problem(one: Input, text: str) -> str:
    """Why a value is none for this input, or nothing. What is wrong with a secret never quotes it."""
    if "\0" in text:
        return "it holds a NUL character"
    if not one.secret and (character := characters.hidden(text)):
        return f"it holds the character {character}, which cannot be seen"
    if one.secret and one.type == "text":
        return f"it has more than {LONGEST_SECRET} characters" if len(text) > LONGEST_SECRET else ""
    try:
        value = CONVERT[TYPES[one.type]](text)
    except ValueError as wrong:
        return f"it is no {one.type}" if one.secret else str(wrong)
    if one.allowed and value not in map(CONVERT[TYPES[one.type]], one.allowed):
        return f"{text[:40]!r} is none of {', '.join(one.allowed)}"
    return ""


def _declarations(root: Element, source: Source, findings: Findings) -> Iterator[Input]:
    """The inputs as the tree has them; what is wrong with their form the builder says."""
    seen: dict[str, Position] = {}
    for element in root.children:
        if element.name != INPUT or "name" not in element.attributes:
            continue
        one = _declaration(element, source)
        first = seen.setdefault(one.name, one.at)
        if first is not one.at:
            summary = f"{root.name} has a second input called {one.name}; the first is in line {first.line}"
            findings.add("duplicate", one.at, summary, "give it a name of its own")
            continue
        _check_declaration(one, element, source, findings)
        yield one


def _declaration(element: Element, source: Source) -> Input:
    said = {name: attribute.value for name, attribute in element.attributes.items()}
    type_ = said.get("type", "").strip().lower()
    try:
        secret = bool(CONVERT[Kind.FLAG](said.get("secret") or "no"))
    except ValueError:
        secret = True  # nobody knows: then it is not shown
    return Input(
        said["name"],
        type_ if type_ in TYPES else "text",
        said.get("default") or None,
        tuple(word for word in re.split(r"\s*,\s*", said.get("allowed", "").strip()) if word),
        secret,
        at=source.position(element.start),
    )


def _check_declaration(one: Input, element: Element, source: Source, findings: Findings) -> None:
    at = {name: source.position(attribute.start) for name, attribute in element.attributes.items()}
    if one.secret and (one.default is not None or one.allowed):
        what = "default" if one.default is not None else "allowed"
        summary = f"the secret input {one.name} has the attribute {what}, which everybody can read"
        findings.add("input-secret", at.get(what, one.at), summary, "take it out, or say secret='no'")
        return
    plain = replace(one, allowed=())
    for word in one.allowed:
        if wrong := problem(plain, word):
            findings.add("input-value", at["allowed"], f"allowed of the input {one.name}: {wrong}")
    if one.default is None or (one.allowed and any(problem(plain, word) for word in one.allowed)):
        return
    if _MARK in one.default:
        summary = f"the default of the input {one.name} names an input, and a value is never filled again"
        findings.add("input-value", at["default"], summary, "write the text itself")
    elif wrong := problem(one, one.default):
        findings.add("input-value", at["default"], f"the default of the input {one.name}: {wrong}")


def _accepted(
    declared: Mapping[str, Input], given: Mapping[str, str], at: Position, findings: Findings
) -> dict[str, str]:
    """Those of the values given that may be filled in; what is wrong with the others is said."""
    found: dict[str, str] = {}
    for name, text in given.items():
        one = declared.get(name)
        if one is None:
            hint = nearest(name, declared) or "this document declares no inputs"
            findings.add("input-unknown", at, f"there is no input {name[:60]!r} to give a value to", hint)
        elif one.secret:
            summary = f"the input {name} is secret: a plan does not take its value"
            findings.add("input-secret", one.at, summary, "give it with the service: org.accords.secrets")
        elif wrong := problem(one, text):
            hint = nearest(text, one.allowed) if one.allowed else ""
            findings.add("input-value", one.at, f"the value given for the input {name}: {wrong}", hint)
        else:
            found[name] = text
    return found


def _check_missing(declared: Mapping[str, Input], said: Collection[str], findings: Findings) -> None:
    for one in declared.values():
        if not one.secret and one.name not in said:
            wanted = f" ({one.type}; one of {', '.join(one.allowed)})" if one.allowed else f" ({one.type})"
            hint = f"--set {one.name}=VALUE, or a line {one.name}=VALUE in the file of --env"
            findings.add("input-missing", one.at, f"the input {one.name} has no value{wanted}", hint)


class _Filler:
    """Fills one tree; elements without an input stay the ones they are."""

    def __init__(
        self, declared: Mapping[str, Input], values: Mapping[str, str], source: Source, findings: Findings
    ) -> None:
        self._declared, self._values, self._source, self._findings = declared, values, source, findings
        self._added = 0
        self.used: set[str] = set()

    def element(self, element: Element) -> Element:
        if element.name == INPUT:
            return element
        children = [self.element(child) for child in element.children]
        text = element.text and self._attribute(element.text)
        attributes = {name: self._attribute(attribute) for name, attribute in element.attributes.items()}
        same = all(new is old for new, old in zip(children, element.children, strict=True))
        if same and text is element.text and attributes == element.attributes:
            return element
        return replace(element, children=children, text=text, attributes=attributes)

    def _attribute(self, attribute: Attribute) -> Attribute:
        if _MARK not in attribute.value:
            return attribute
        parts: list[str] = []
        uses: list[Use] = []
        length = end = 0
        for match in _USE.finditer(attribute.value):
            parts.append(attribute.value[end : match.start()])
            length += len(parts[-1])
            end = match.end()
            parts.append(self._text(match, attribute))
            uses.append(Use(match[1], length, len(parts[-1]), len(match[0])))
            length += len(parts[-1])
        parts.append(attribute.value[end:])
        is_open = any(use.name not in self._values for use in uses)
        return attribute._replace(value="".join(parts), uses=tuple(uses), open=is_open)

    def _text(self, match: re.Match[str], attribute: Attribute) -> str:
        """The input's value; what is written, where there is none."""
        name = match[1]
        if self._complaint(match, attribute):
            return match[0]
        self.used.add(name)
        text = self._values.get(name, match[0])
        self._added += max(0, len(text) - len(match[0]))
        if self._added > MOST_FILLED:
            raise TooMuch(
                f"values of inputs make the document more than {MOST_FILLED} characters longer", attribute.start
            )
        return text

    def _complaint(self, match: re.Match[str], attribute: Attribute) -> bool:
        name = match[1]
        if match[2] and name in self._declared and not self._declared[name].secret:
            return False
        at = self._source.position(attribute.places(self._source.text)(match.start()))
        if not match[2]:
            self._findings.add("input-unknown", at, f"{match[0]!r} names no input", "write ${input.NAME}")
        elif name not in self._declared:
            hint = nearest(name, self._declared) or f'declare it: <input name="{name}"/>'
            self._findings.add("input-unknown", at, f"there is no input {name!r}", hint)
        else:
            hint = f"tell it to a node, node.configure(input.{name}); it arrives as $input_{name}"
            self._findings.add("input-secret", at, f"the input {name} is secret and would stand here to be read", hint)
            self.used.add(name)
        return True


def _told(document: Manifest) -> Iterator[Property]:
    """Every `input.NAME` that a statement passes on or an output says."""
    yield from (output.value for output in document.outputs if output.value.path == INPUT)
    for phase in (document.configuration, document.release, document.interface):
        for action in phase.actions if phase else ():
            for statement in action.statements:
                for named in statement.arguments:
                    if isinstance(named, Property) and named.path == INPUT:
                        yield named


def _check_clash(document: Manifest, findings: Findings) -> None:
    for node in document.nodes if document.inputs else ():
        if node.name == INPUT:
            summary = "a node is called input, and so are the inputs of this document"
            findings.add("duplicate", node.at, summary, "give the node another name")


def _check_nested(document: Manifest, findings: Findings) -> None:
    """Nobody can give the inputs of a manifest inside another one: their defaults are what they are."""
    for node in document.nodes:
        for name, inner in _inside(node):
            for one in inner.inputs:
                if one.value is None:
                    summary = f"the node {name} is the manifest {inner.name}, whose input {one.name} has no default"
                    findings.add("input-missing", node.at, summary, f"give {one.name} a default in {inner.name}")


def _inside(node: Node, path: str = "") -> Iterator[tuple[str, Manifest]]:
    """The manifests that a node holds, each with the path of the node that it is."""
    if node.nested is not None:
        yield path + node.name, node.nested
        for inner in node.nested.nodes:
            yield from _inside(inner, f"{path}{node.name}.")


def _stated(statement: Statement, literals: Mapping[tuple[str, str], str]) -> Statement:
    arguments = tuple(
        replace(one, literal=literals.get((one.path, one.name), one.literal)) if isinstance(one, Property) else one
        for one in statement.arguments
    )
    return replace(statement, arguments=arguments) if arguments != statement.arguments else statement
