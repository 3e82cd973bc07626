"""Interface methods: what a manifest can be told by name (cords.md 1.3, interface), and what its statements then say.

An `action` of an `interface` is a method of that name; several of one name are one method, in their order. A statement
`a.backup('x');` on a complex node is the statements of that method of its manifest. Pure.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from manifests.actions.language import METHODS
from manifests.actions.paths import lead
from manifests.model import Manifest, Property, Statement

_SCRIPTS = frozenset({"run", "fork"})


def methods(manifest: Manifest) -> Mapping[str, tuple[Statement, ...]]:
    """The manifest's own methods by their names in lower case: case does not matter in a call."""
    found: dict[str, tuple[Statement, ...]] = {}
    for action in manifest.interface.actions if manifest.interface else ():
        if action.name:
            key = action.name.lower()
            found[key] = (*found.get(key, ()), *action.statements)
    return found


def called(manifest: Manifest, statement: Statement) -> tuple[Statement, ...]:
    """What a statement of a manifest says: itself, or for a method of a complex node that method's statements, with
    paths from this manifest on. `within` is then the complex node's path. Manifests nest without cycles, so this ends.
    """
    if statement.method in METHODS:
        return (statement,)
    node = lead(manifest, statement.target).node
    if node is None or node.nested is None:
        return (statement,)
    own = methods(node.nested).get(statement.method)
    if own is None:
        return (statement,)
    arguments = [each for each in statement.arguments if isinstance(each, str)]
    said = (inner for each in own for inner in called(node.nested, with_arguments(each, arguments)))
    return tuple(_from_outside(each, statement) for each in said)


def with_arguments(statement: Statement, arguments: Sequence[str]) -> Statement:
    """The statement with its script's positional parameters set; those of other methods have none."""
    method = METHODS.get(statement.method)
    if not arguments or method is None or method.verb not in _SCRIPTS:
        return statement
    texts = [each if isinstance(each, Property) else script(each, arguments) for each in statement.arguments]
    return replace(statement, arguments=tuple(texts))


def script(text: str, arguments: Iterable[str]) -> str:
    """A script that has these as $1, $2, ...: quoted by the shell's rules, whatever is in them."""
    words = " ".join(map(shlex.quote, arguments))
    return f"set -- {words}\n{text}" if words else text


def _from_outside(statement: Statement, call: Statement) -> Statement:
    """Paths and `within` as the manifest of the call sees them; the position is the call's."""
    outer = call.target
    return replace(
        statement,
        target=f"{outer}.{statement.target}",
        arguments=tuple(_moved(each, outer) for each in statement.arguments),
        within=f"{outer}.{statement.within}" if statement.within else outer,
        at=call.at,
    )


def _moved(argument: str | Property, outer: str) -> str | Property:
    if isinstance(argument, str):
        return argument
    return replace(argument, path=f"{outer}.{argument.path}")
