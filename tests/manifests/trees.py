"""Documents made from the grammar's own table, for what must hold for every document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from manifests.grammar import GRAMMAR, ROOTS, Attr, Rule
from manifests.text.tree import Attribute, Element

Values = Callable[[Attr], st.SearchStrategy[str]]

# Whatever XML can hold (XML 1.0, 2.2), with much of what other notations stumble over.
AWKWARD = (
    "yes", "no", "true", "null", "~", "007", "1e3", "0x1F", "1.0", "12:30", "-", "- a", "? b", "a: b", "# c", " d ",
    "'", '"', "&lt;", "]]>", "<b>", "{c}", "[d", "*e", "&f", "!g", "%h", "@i", "|", ">", "\n", "a\nb\n", "  a\n b",
    "a \nb", "a\n\n\nb", "\ta\n", "a\r\nb", "\x85", "\u2028", "\ufeff", "é", "日本", "😀", "", " ", ".5", "1_000",
    "2026-01-01",
)  # fmt: skip
CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r\x85"
)
ANY_TEXT = st.one_of(st.sampled_from(AWKWARD), st.text(CHARACTERS, max_size=30), st.text("ab #\n", max_size=12))


def documents(values: Values, roots: tuple[str, ...] = ROOTS) -> st.SearchStrategy[Element]:
    """Trees of any document that the grammar knows; `values` gives what an attribute may hold."""
    return st.sampled_from(roots).flatmap(lambda root: elements(root, GRAMMAR[root], values))


@st.composite
def elements(draw: st.DrawFn, name: str, rule: Rule, values: Values, depth: int = 0) -> Element:
    element = Element(name, 0)
    chosen = [key for key, known in rule.attributes.items() if known.required]
    optional = [key for key in rule.attributes if key not in chosen]
    chosen += draw(st.lists(st.sampled_from(optional), max_size=3, unique=True)) if optional else []
    for key in chosen:
        attribute = Attribute(draw(values(rule.attributes[key])), 0, 0)
        if key in rule.texts and attribute.value.strip() and draw(st.booleans()):
            element.children.append(Element(key, 0, text=attribute))
        else:
            element.attributes[key] = attribute
    for term in _children(draw, rule, depth):
        inner = GRAMMAR[rule.children[term].rule]
        element.children.append(draw(elements(term, inner, values, depth + 1)))
    return element


def _children(draw: st.DrawFn, rule: Rule, depth: int) -> list[str]:
    """The names of what stands inside: what must, and a few of what may."""
    chosen = [term for term, child in rule.children.items() if child.required]
    if depth < 4 and rule.children:
        may = draw(st.lists(st.sampled_from(sorted(rule.children)), max_size=3))
        chosen += [term for i, term in enumerate(may) if rule.children[term].many or term not in [*chosen, *may[:i]]]
    return draw(st.permutations(chosen))


def content(element: Element, rule: Rule | None = None) -> Mapping[str, object]:
    """What an element says, however it is written: texts that are attributes among them, children by name."""
    rule = rule or GRAMMAR[element.name]
    texts: dict[str, str] = {}
    named: dict[str, list[object]] = {}
    for inner in element.children:
        alone = not (inner.attributes or inner.children)
        if alone and inner.text and inner.name in rule.texts:
            texts[inner.name] = inner.text.value
        else:
            child = rule.children.get(inner.name)
            known = GRAMMAR[child.rule] if child else Rule(dict, {})
            named.setdefault(inner.name, []).append(content(inner, known))
    return {
        "name": element.name,
        "namespace": element.namespace,
        "attributes": {name: each.value for name, each in element.attributes.items()} | texts,
        "children": named,
        "text": element.text and element.text.value,
    }


def attributes_in_order(element: Element) -> list[object]:
    """Those that are no text in either, element by element."""
    by_name = sorted(element.children, key=lambda inner: inner.name)
    return [list(element.attributes), *(attributes_in_order(inner) for inner in by_name)]
