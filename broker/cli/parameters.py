"""`--set name=value` and `--env FILE`: values for what a document leaves open. Secrets go another way than the others:
to the service alone, and where none is given whoever sits at the terminal is asked, without an echo.
"""

from __future__ import annotations

import argparse
import getpass
import re
import stat
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from broker.cli.session import tell
from broker.errors import InvalidDocument, Misconfigured

_LINE = re.compile(r"(?:export\s+)?([A-Za-z0-9_][A-Za-z0-9_:-]{0,62})\s*=\s*(.*)")
_QUOTED = re.compile(r"""(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?""")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class File:
    """What a file says. `open`: others than its owner may read it."""

    path: str = ""
    values: Mapping[str, str] = field(default_factory=dict, repr=False)
    open: bool = False


def assignment(text: str) -> tuple[str, str]:
    """`name=value` of `--set`."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError("write name=value")
    return name.strip(), value


def file(path: str | None) -> File:
    """The file of `--env`: a line NAME=value each, with `#` comments; `'...'` is as it stands, `"..."` may hold \\n.
    Misconfigured for what is wrong in it; what the system says about the file goes up as it is."""
    if path is None:
        return File()
    try:
        text, mode = Path(path).read_text(encoding="utf-8"), Path(path).stat().st_mode
    except UnicodeDecodeError as wrong:
        raise Misconfigured(f"{path} is not UTF-8", code="input.file") from wrong
    values = dict(_assignments(path, text.splitlines()))
    return File(path, values, bool(mode & (stat.S_IRGRP | stat.S_IROTH)))


def _assignments(path: str, lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is wrong is said by its line, without the line: it may hold a secret."""
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line.strip())
        value = _value(match[2]) if match else None
        if match is None or value is None:
            hint = "write NAME=value, or NAME='value' for any text"
            raise Misconfigured(f"{path}:{number}: this line gives no input a value", hint=hint, code="input.file")
        yield match[1], value


def _value(written: str) -> str | None:
    """None for a quote that does not end."""
    if not written.startswith(("'", '"')):
        return re.split(r"\s+#", written, maxsplit=1)[0].strip()
    match = _QUOTED.fullmatch(written)
    if match is None:
        return None
    if match[1] is not None:
        return match[1]
    return re.sub(r"\\(.)", lambda escape: _ESCAPES.get(escape[1], escape[1]), match[2])


def given(
    arguments: argparse.Namespace, declared: Iterable[Mapping[str, Any]]
) -> tuple[dict[str, str], dict[str, str]]:
    """The values for the inputs of a document, and those for its secret ones; what is set wins over the file. A name
    that it does not declare is refused here, before anything is sent: it may be a misspelt secret."""
    found = file(arguments.env)
    said = {**found.values, **dict(arguments.set)}
    inputs = {str(one["name"]): bool(one["secret"]) for one in declared}
    _check_names(said, inputs)
    secrets = {name: value for name, value in said.items() if inputs[name]}
    _warn(secrets, dict(arguments.set), found)
    return {name: value for name, value in said.items() if not inputs[name]}, secrets


def asked(wanted: Iterable[str], secrets: Mapping[str, str]) -> dict[str, str]:
    """The secrets with those that are missing, asked for. Where nobody can be asked, all of them are named."""
    missing = [name for name in wanted if name not in secrets]
    if missing and not sys.stdin.isatty():
        raise InvalidDocument(
            f"{len(missing)} secret input{'s' * (len(missing) > 1)} without a value, and nobody to ask",
            hint="give each in the file of --env",
            diagnostics=[_missing(name) for name in missing],
        )
    return {**secrets, **{name: getpass.getpass(f"{name} (not shown): ") for name in missing}}


def _check_names(said: Mapping[str, str], inputs: Mapping[str, bool]) -> None:
    unknown = [name for name in said if name not in inputs]
    if not unknown:
        return
    from manifests import nearest

    hints = {name: nearest(name, inputs) or "the document declares no inputs" for name in unknown}
    raise InvalidDocument(
        "values are given for inputs that the document does not declare",
        diagnostics=[_said("input-unknown", f"there is no input {name[:60]!r}", hint) for name, hint in hints.items()],
    )


def _warn(secrets: Mapping[str, str], on_the_line: Mapping[str, str], found: File) -> None:
    for name in secrets:
        if name in on_the_line:
            tell(f"{name} is secret, and others can read a command line: put it into a file for --env, or be asked")
        elif found.open:
            tell(f"{found.path} holds the secret {name}, and others may read it: chmod 600 {found.path}")


def _missing(name: str) -> dict[str, object]:
    return _said("input-missing", f"the secret input {name} has no value", f"{name}=... in the file of --env")


def _said(code: str, summary: str, hint: str) -> dict[str, object]:
    return {"severity": "error", "code": code, "line": 0, "column": 0, "summary": summary, "hint": hint}
