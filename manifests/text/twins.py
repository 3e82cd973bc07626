"""A document in another of its three forms: the same elements as XML, YAML or JSON, with nothing lost but comments.

| in the tree | XML | YAML and JSON |
| --- | --- | --- |
| attribute | attribute; one of several lines is an element with a text, where the grammar allows it | scalar |
| element | element | mapping; a list of mappings where several have one name |
| element without anything | `<image/>` | `image: {}` |
| text of a `<description>` | the same, or an attribute | scalar |
| namespace | `xmlns` | key `xmlns` |
| text anywhere else | text | key `#text` |
| attribute that an element is named like | attribute | key `@name` |

Kept: every value to the character, the order of attributes, the order of elements of one name. Elements of different
names are grouped by name: no order between them means anything in CORDS (cords.md 1.1). `yaml_tree` reads it all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lxml import etree

from manifests.grammar import GRAMMAR, ROOTS, Rule
from manifests.reading.reader import Format
from manifests.text.tree import ATTRIBUTE_MARK, BREAKS, NAMESPACE_KEY, TEXT_KEY, Attribute, Element

_NOTHING = Rule(dict, {})


def write(element: Element, format: Format) -> str:
    """The text of an element, with a line end. ValueError where XML has no way to say it: a control character in a
    value, a name with a blank."""
    rule = GRAMMAR[element.name] if element.name in ROOTS else _NOTHING
    return _WRITERS[format](element, rule)


def _yaml(element: Element, rule: Rule) -> str:
    from manifests.text import yaml_text

    return yaml_text.emit({element.name: _mapping(element, rule, "")})


def _json(element: Element, rule: Rule) -> str:
    import orjson  # likewise

    mapping = {element.name: _mapping(element, rule, "")}
    text = orjson.dumps(mapping, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    return BREAKS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _xml(element: Element, rule: Rule) -> str:
    node = _node(element, rule, "")
    return etree.tostring(node, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


_WRITERS: Mapping[Format, Callable[[Element, Rule], str]] = {
    Format.XML: _xml,
    Format.YAML: _yaml,
    Format.JSON: _json,
}


def _mapping(element: Element, rule: Rule, namespace: str) -> dict[str, Any]:
    """Attributes, then elements. `namespace` is the one around."""
    named: dict[str, list[Element]] = {}
    for inner in element.children:
        named.setdefault(inner.name, []).append(inner)
    found: dict[str, Any] = {NAMESPACE_KEY: element.namespace} if element.namespace != namespace else {}
    for name, attribute in element.attributes.items():
        found[_key(name, named)] = attribute.value
    if element.text is not None and element.text.value.strip():
        found[TEXT_KEY] = element.text.value
    for name, several in named.items():
        found[name] = _inside(element, rule, several)
    return found


def _key(name: str, named: Mapping[str, object]) -> str:
    taken = name in named or name == TEXT_KEY or name.startswith(ATTRIBUTE_MARK)
    return ATTRIBUTE_MARK + name if taken else name


def _inside(element: Element, rule: Rule, several: list[Element]) -> Any:
    """What stands under the one name that these elements have."""
    first = several[0]
    if len(several) == 1 and _is_value(first, element, rule):
        return first.text.value if first.text else ""
    inner = _rule(rule, first.name)
    found = [_mapping(each, inner, element.namespace) for each in several]
    return found[0] if len(found) == 1 else found


def _is_value(inner: Element, element: Element, rule: Rule) -> bool:
    """Whether it is an attribute that is written as an element with a text."""
    plain = inner.text is not None and not (inner.attributes or inner.children)
    elsewhere = inner.namespace != element.namespace or inner.name in element.attributes
    return plain and not elsewhere and inner.name in rule.texts


def _rule(rule: Rule, name: str) -> Rule:
    child = rule.children.get(name)
    return GRAMMAR[child.rule] if child else _NOTHING


def _node(element: Element, rule: Rule, namespace: str) -> etree._Element:
    """`xmlns` is set as if it were an attribute: lxml's own namespaces cannot say that an element is in none."""
    node = etree.Element(element.name)
    if element.namespace != namespace:
        node.set("xmlns", element.namespace)
    texts = {}
    for name, attribute in element.attributes.items():
        if _is_long(attribute) and name in rule.texts and not _has(element, name):
            texts[name] = attribute.value
        else:
            node.set(name, attribute.value)
    node.text = element.text.value if element.text else None
    for name, text in texts.items():
        etree.SubElement(node, name).text = text
    node.extend([_node(inner, _rule(rule, inner.name), element.namespace) for inner in element.children])
    return node


def _is_long(attribute: Attribute) -> bool:
    """Of several lines, so that an attribute would show `&#10;`; blanks alone are no text in XML."""
    return "\n" in attribute.value and bool(attribute.value.strip())


def _has(element: Element, name: str) -> bool:
    return any(inner.name == name for inner in element.children)
