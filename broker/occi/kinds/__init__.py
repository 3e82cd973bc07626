"""Kinds as data: YAML files for each row of servers, `core.yaml` that every row has, `older.yaml` of what OCCI 1.1 had.

`registry("node")` is what the row `node` serves. A row's kinds are in `<row>.yaml`, and where they are many also in
`<row>-<group>.yaml`. A file is checked by pydantic once, at the door; the registries are
kept. To add a kind is to add an entry to a file:

    scheme: http://scheme.compatibleone.fr/scheme/compatible#
    kinds:
      node:                                   # the term; the location is /node/ unless it is given
        title: Node
        attributes:
          name: string                        # a name without a dot stands for occi.<term>.<name>
          image: ref image                    # the URL of an image
          packages: many package              # how many packages are linked
          state: {type: integer, mutable: false}
        actions:
          http://…/action#: {start: {title: Start}, stop: {}}
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from importlib import resources

import yaml

from broker.occi.kinds.spec import FileSpec
from broker.occi.model import ENTITY, Category, Kind, Mixin
from broker.occi.registry import Registry

_CORE = "core"
_OLDER = "older"

try:
    from yaml import CSafeLoader as _Loader  # several times as fast; every start of a server pays for it
except ImportError:
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]  # a PyYAML that was built without libyaml


def names() -> tuple[str, ...]:
    """The rows that have a file, in alphabetical order; without the core."""
    return tuple(sorted({file.partition("-")[0] for file in _files()} - {_CORE, _OLDER}))


@lru_cache(maxsize=64)
def categories(name: str) -> tuple[Category, ...]:
    """The categories of a row's files; pydantic's ValidationError names the entry that is wrong."""
    own = (file for file in _files() if file.partition("-")[0] == name)
    return tuple(each for file in own for each in _read(file).categories())


def registry(*rows: str, compatible: bool = False, bound: bool = False) -> Registry:
    """The core and all categories of these rows' files. `compatible`: with what OCCI 1.1 had beyond 1.2 (INF-40);
    `bound`: with a location for core#entity, which the text does not want and some clients do (NS-04)."""
    return _registry(rows, compatible, bound)


@lru_cache(maxsize=64)
def _registry(rows: tuple[str, ...], compatible: bool, bound: bool) -> Registry:
    found = [each for name in (_CORE, *rows) for each in categories(name)]
    if compatible:
        found = _with_older(found)
    if bound:
        found = [_bound(each) for each in found]
    return Registry.of(found)


def _bound(each: Category) -> Category:
    return replace(each, location="/entity/") if isinstance(each, Kind) and each.id == ENTITY else each


def _with_older(found: Iterable[Category]) -> list[Category]:
    """With the attributes and actions that these kinds had in OCCI 1.1, and the mixins that its clients put on them."""
    older = {each.id: each for each in categories(_OLDER)}
    grown: list[Category] = []
    for each in found:
        more = older.get(each.id)
        if isinstance(each, Kind) and isinstance(more, Kind):
            grown.append(
                replace(each, attributes=each.attributes + more.attributes, actions=each.actions + more.actions)
            )
            grown += [older[name] for name in more.actions]
        else:
            grown.append(each)
    known = {each.id for each in grown}
    return grown + [each for each in older.values() if isinstance(each, Mixin) and known.issuperset(each.applies)]


@lru_cache(maxsize=1)
def _files() -> tuple[str, ...]:
    """Each file's name without its ending; a row's own file before its groups."""
    files = (each.name for each in resources.files(__name__).iterdir())
    return tuple(sorted(name.removesuffix(".yaml") for name in files if name.endswith(".yaml")))


def _read(file: str) -> FileSpec:
    text = resources.files(__name__).joinpath(f"{file}.yaml").read_bytes()
    return FileSpec.model_validate(yaml.load(text, _Loader))
