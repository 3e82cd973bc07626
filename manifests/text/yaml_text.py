"""Mappings, lists and texts -> YAML in which every reader finds the same texts again. What is said in it, and in which
order, is `manifests.text.twins`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import yaml

from manifests.text.tree import BREAKS

# Events for PyYAML's emitter, made here: its own way from values to them is ten times slower.
_BEFORE = (yaml.StreamStartEvent(), yaml.DocumentStartEvent(explicit=False))
_AFTER = (yaml.DocumentEndEvent(explicit=False), yaml.StreamEndEvent())
_MAPPING, _MAPPING_END = yaml.MappingStartEvent(None, None, True, flow_style=False), yaml.MappingEndEvent()
_LIST, _LIST_END = yaml.SequenceStartEvent(None, None, True, flow_style=False), yaml.SequenceEndEvent()
_RESOLVER = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"


def emit(value: Any) -> str:
    """A mapping of texts, mappings and lists of mappings, as YAML with a line end."""
    events = [*_BEFORE]
    _tell(value, events)
    events += _AFTER
    text: str = yaml.emit(events, Dumper=yaml.CSafeDumper, allow_unicode=True, width=2**20)
    return text


def _tell(value: Any, events: list[yaml.Event]) -> None:
    """The events of a mapping, a list of mappings or a text."""
    if isinstance(value, str):
        events.append(_scalar(value))
    elif isinstance(value, list):
        events.append(_LIST)
        for each in value:
            _tell(each, events)
        events.append(_LIST_END)
    else:
        events.append(_MAPPING)
        for name, inner in value.items():
            events.append(_scalar(name))
            _tell(inner, events)
        events.append(_MAPPING_END)


# What some reader of YAML 1.1 or 1.2 takes for something else than a text, beyond what PyYAML quotes itself.
_MISTAKEN = re.compile(r"[yYnN]|[-+]?(?:[0-9.]+(?:[eE][-+]?[0-9]+)?|0[ox][0-9a-fA-F]+)|~|\.\w+")
# Written without quotes, and the same text to whoever reads it as a number.
_WHOLE = re.compile(r"0|[1-9][0-9]{0,14}")
# What a block holds to the character: lines that begin with no blank first, end with none, and nothing invisible.
_BLOCK = re.compile(r"[!-~\xa1-\u1fff][ -~\xa1-\u1fff\n]*")


def _scalar(text: str) -> yaml.ScalarEvent:
    """Names, numbers and words come again and again; scripts do not, and would fill the memory."""
    return _remembered(text) if len(text) <= _SHORT else _event(text)


def _event(text: str) -> yaml.ScalarEvent:
    """Without quotes where every reader takes it for this text, or for the whole number that it is."""
    whole = bool(_WHOLE.fullmatch(text))
    style = None if whole else _style(text)
    said = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]  # its stubs' gap
    return yaml.ScalarEvent(None, None, (whole or (style is None and said == _TEXT), True), text, style=style)


_SHORT = 64
_remembered = lru_cache(maxsize=4096)(_event)


def _style(text: str) -> str | None:
    if BREAKS.search(text):
        return '"'
    if "\n" in text:
        return "|" if _BLOCK.fullmatch(text) and " \n" not in text and not text.endswith(" ") else '"'
    return "'" if _MISTAKEN.fullmatch(text) else None
