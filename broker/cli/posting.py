"""`accords post`: documents of any kind to the broker; and how every command posts one."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from broker.cli.exits import Exit
from broker.cli.session import client, show, show_json, tell
from broker.errors import InvalidDocument

if TYPE_CHECKING:
    from broker.client import Client
    from broker.client.documents import Posted


def post(arguments: argparse.Namespace) -> Exit:
    """Post each document and say what was stored. One that is refused does not keep back the others; DOCUMENT then."""
    broker = client()
    found = {name: _posted(broker, name, strict=arguments.strict) for name in arguments.documents}
    if arguments.json:
        show_json(found)
    else:
        show(line for name, answer in found.items() for line in _lines(name, answer, arguments.decorated))
    return Exit.DOCUMENT if any("error" in answer for answer in found.values()) else Exit.OK


def content(name: str) -> bytes:
    """A document's bytes; `-` is standard input."""
    return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()


def media_type(name: str, document: bytes) -> str:
    """What to post a document as: by its name, or by how it begins where there is none."""
    if name.endswith((".yaml", ".yml")):
        return "application/yaml"
    return "application/xml" if document.lstrip()[:1] in (b"<", b"\xef") else "application/yaml"


def _posted(broker: Client, name: str, *, strict: bool) -> Mapping[str, Any]:
    """What the broker answers; of a document with errors {error: the problem}."""
    try:
        return asdict(sent(broker, name, strict=strict))
    except InvalidDocument as refused:
        from broker.cli import failure

        for line in failure.lines(refused.problem()):
            tell(f"{name}: {line.strip()}" if line[:1] == " " else f"{name}: refused: {refused.message}")
        return {"error": refused.problem()}


def sent(broker: Client, name: str, *, strict: bool) -> Posted:
    """What the broker made of a document; its warnings go to standard error. `strict`: what would be repaired is
    refused."""
    from broker.client import documents

    document = content(name)
    posted = broker.do(documents.post(document, media_type(name, document), strict=strict))
    for warning in posted.diagnostics:
        tell(f"{name}:{warning['line']}:{warning['column']}: {warning['summary']} [{warning['code']}]")
    return posted


def _lines(name: str, answer: Mapping[str, Any], decorated: bool) -> list[str]:
    if "error" in answer:
        return []
    if decorated:
        return str(answer["document"]).splitlines()
    kinds = Counter(each["kind"].rpartition("#")[2] for each in answer["elements"][:-1])
    term = answer["kind"].rpartition("#")[2]
    return [
        f"{name}: {term} {answer['name']} at {answer['location']}",
        *(f"  {count} {kind}" for kind, count in sorted(kinds.items())),
    ]
