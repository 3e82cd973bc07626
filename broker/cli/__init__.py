"""The command line: `accords COMMAND`. A table of commands; each is imported when it is called: it answers at once.

Results go to standard output, everything else to standard error. Exit codes are `broker.cli.exits`.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from broker.cli.exits import Exit

if TYPE_CHECKING:
    import argparse

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and answer its exit code; never a traceback."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words in (["version"], ["--version"]):  # nothing is imported for it
        from broker import __version__

        print(f"accords {__version__}")  # noqa: T201 - the command's result
        return Exit.OK
    return _run(words)


def _run(words: list[str]) -> int:
    from broker.cli.commands import parser

    arguments = parser(words).parse_args(words)
    try:
        return int(_function(arguments)(arguments))
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # `accords events | head`
        sys.stderr.close()
        return Exit.OK
    except Exception as error:  # noqa: BLE001 - the door of the command line: whatever happens is said, never shown raw
        from broker.cli.failure import explain

        return explain(error, as_json=getattr(arguments, "json", False))


def _function(arguments: argparse.Namespace) -> Callable[[argparse.Namespace], Exit]:
    module, name = arguments.run.split(":")
    found: Callable[[argparse.Namespace], Exit] = getattr(importlib.import_module(f"broker.cli.{module}"), name)
    return found
