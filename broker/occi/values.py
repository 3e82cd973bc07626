"""One value against one attribute's definition: its type, what may be converted, enumeration, range, pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from math import isfinite

import orjson

from broker.occi.errors import Malformed
from broker.occi.grammar import text
from broker.occi.model import Attribute, Type, Value

_LARGEST = 2**63 - 1  # what JSON, the store and clients in C can hold


def typed(definitions: Mapping[str, Attribute], given: Mapping[str, Value]) -> dict[str, Value]:
    """The given values as their definitions want them; Malformed naming the first that is unknown or does not fit."""
    found: dict[str, Value] = {}
    for name, value in given.items():
        if (definition := definitions.get(name)) is None:
            raise Malformed(f"Attribute {name} is not known here.", hint=_nearest(name, definitions), term=name)
        found[name] = convert(definition, value)
    return found


def _nearest(name: str, definitions: Mapping[str, Attribute]) -> str:
    last = name.rpartition(".")[2]
    near = [each for each in definitions if each.rpartition(".")[2] == last]
    return f"Did you mean {', '.join(near)}?" if near else f"Known: {', '.join(definitions) or 'none'}."


def convert(attribute: Attribute, value: Value) -> Value:
    """The value in the attribute's type; numbers, booleans, lists and hashes also from a string (TXT-13, TXT-14)."""
    found = _CONVERTERS[attribute.type](value)
    if found is None:
        raise _wrong(attribute, value, f"is {_ARTICLES[attribute.type]}")
    if isinstance(found, str):
        text(found, f"Attribute {attribute.name}")
    if attribute.values and found not in attribute.values:
        raise _wrong(attribute, value, f"is one of {', '.join(attribute.values)}")
    if isinstance(found, int | float):
        _check_range(attribute, found)
    if attribute.pattern and isinstance(found, str) and not re.fullmatch(attribute.pattern, found):
        raise _wrong(attribute, value, f"matches {attribute.pattern}")
    return found


def _check_range(attribute: Attribute, value: float) -> None:
    if attribute.minimum is not None and value < attribute.minimum:
        raise _wrong(attribute, value, f"is at least {attribute.minimum:g}")
    if attribute.maximum is not None and value > attribute.maximum:
        raise _wrong(attribute, value, f"is at most {attribute.maximum:g}")


def _wrong(attribute: Attribute, value: Value, rule: str) -> Malformed:
    return Malformed(f"Attribute {attribute.name} {rule}, not {str(value)[:80]!r}.", term=attribute.name)


def _string(value: Value) -> Value | None:
    return value if isinstance(value, str) else None


def _integer(value: Value) -> Value | None:
    found = _number(value)
    return int(found) if isinstance(found, int | float) and found == int(found) else None


def _number(value: Value) -> Value | None:
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isfinite(value) and abs(value) <= _LARGEST else None


_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,300})?([eE][+-]?\d{1,3})?", re.ASCII)


def _from_text(said: str) -> Value | None:
    if not _NUMBER.fullmatch(said.strip()):
        return None
    return _number(float(said) if set(said) & set(".eE") else int(said))


def _boolean(value: Value) -> Value | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value)
    return value if isinstance(value, bool) else None


def _json(wanted: type[list[object]] | type[dict[str, object]]) -> Callable[[Value], Value | None]:
    def from_value(value: Value) -> Value | None:
        if isinstance(value, str):
            value = _loaded(value)
        return value if isinstance(value, wanted) and _is_sound(value) else None

    return from_value


def _is_sound(value: object, levels: int = 32) -> bool:
    """Whether a list or hash can be stored and rendered: orjson ends at 254 levels, PostgreSQL's JSON at a NUL."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        return levels > 0 and all("\0" not in name and _is_sound(each, levels - 1) for name, each in value.items())
    if isinstance(value, list):
        return levels > 0 and all(_is_sound(each, levels - 1) for each in value)
    return True


def _loaded(said: str) -> Value:
    try:
        found: Value = orjson.loads(said)
    except orjson.JSONDecodeError:
        return said
    return found


_CONVERTERS: Mapping[Type, Callable[[Value], Value | None]] = {
    Type.STRING: _string,
    Type.NUMBER: _number,
    Type.INTEGER: _integer,
    Type.BOOLEAN: _boolean,
    Type.ARRAY: _json(list),
    Type.OBJECT: _json(dict),
}

_ARTICLES: Mapping[Type, str] = {
    Type.STRING: "a string",
    Type.NUMBER: "a number",
    Type.INTEGER: "an integer",
    Type.BOOLEAN: "a boolean",
    Type.ARRAY: "a list",
    Type.OBJECT: "an object",
}
