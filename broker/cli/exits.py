"""Exit codes of the command line. They never change once released."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What a pipeline decides by."""

    OK = 0
    FAILED = 1
    USAGE = 2
    DOCUMENT = 3
    REFUSED = 4
    UNREACHABLE = 5
    TIMEOUT = 6
    INTERNAL = 70
    INTERRUPTED = 130


MEANING = {
    Exit.OK: "done",
    Exit.FAILED: "the service, a node or a check failed; the output says which and why",
    Exit.USAGE: "the command line, a file it names or the settings are wrong",
    Exit.DOCUMENT: "the document has errors; each is printed with line and column",
    Exit.REFUSED: "the broker refused: no right, no such thing, or not in this state",
    Exit.UNREACHABLE: "the broker does not answer",
    Exit.TIMEOUT: "not finished within --timeout; what was started goes on",
    Exit.INTERNAL: "a fault of ours; the log has the details",
    Exit.INTERRUPTED: "interrupted from the keyboard; what was started goes on",
}
