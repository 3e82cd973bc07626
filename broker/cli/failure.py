"""What went wrong, said on the command line: what happened, to which thing, what next; and the exit code for it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping

import orjson

from broker.cli.exits import Exit
from broker.errors import AccordsError, InvalidDocument, Misconfigured, RowDown
from providers.errors import ProviderError

log = logging.getLogger(__name__)

_EXITS: tuple[tuple[type[BaseException], Exit], ...] = (
    (InvalidDocument, Exit.DOCUMENT),
    (RowDown, Exit.UNREACHABLE),
    (Misconfigured, Exit.USAGE),
    (AccordsError, Exit.REFUSED),
    (FileNotFoundError, Exit.USAGE),
    (PermissionError, Exit.USAGE),
    (IsADirectoryError, Exit.USAGE),
    (ProviderError, Exit.FAILED),
    (TimeoutError, Exit.TIMEOUT),
)


def explain(error: Exception, *, as_json: bool = False) -> Exit:
    """Say it on standard error (or as a problem in JSON on standard output), and choose the exit code."""
    found = next((code for kind, code in _EXITS if isinstance(error, kind)), Exit.INTERNAL)
    problem = _problem(error, found)
    if as_json:
        sys.stdout.buffer.write(orjson.dumps({"error": problem}, option=orjson.OPT_APPEND_NEWLINE))
        sys.stdout.flush()
        return found
    sys.stderr.write("".join(f"{line}\n" for line in lines(problem)))
    return found


def lines(problem: Mapping[str, object]) -> list[str]:
    """A problem as the lines a person reads."""
    said = [f"accords: {problem['title']}"]
    diagnostics = problem.get("diagnostics")
    if isinstance(diagnostics, list):
        said += [f"  {_diagnostic(item)}" for item in diagnostics]
    difference = problem.get("difference")
    if isinstance(difference, list):
        said += [f"  {line}" for line in difference]
    if problem.get("hint"):
        said.append(f"  {problem['hint']}")
    return said


def _diagnostic(item: Mapping[str, object]) -> str:
    hint = f" ({item['hint']})" if item.get("hint") else ""
    return f"{item['line']}:{item['column']}: {item['severity']}: {item['summary']}{hint} [{item['code']}]"


def _problem(error: Exception, found: Exit) -> dict[str, object]:
    if isinstance(error, AccordsError):
        return error.problem()
    if isinstance(error, ProviderError):
        return {
            "title": error.message,
            "code": error.code,
            "hint": "accords providers says what keeps each from working",
        }
    if isinstance(error, OSError) and error.filename:
        return {"title": f"{error.filename}: {error.strerror}", "code": "file"}
    if found is Exit.INTERNAL:
        return {
            "title": f"this is a fault of ours: {type(error).__name__}: {error}",
            "code": "internal",
            "hint": "please report it with what you did",
        }
    return {"title": str(error), "code": "failed"}
