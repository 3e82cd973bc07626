"""Write the pages of docs/reference/ and the schemas of documents from the code's own tables; with --check, fail if one
is not what it would write.

python docs/reference.py [--check]
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import conformance as checklist

from broker.occi.model import Kind
from manifests import Code, schemas
from providers.errors import MEANINGS

T = TypeVar("T")

PAGES = Path(__file__).parent / "reference"
_MADE = "<!-- made by docs/reference.py from the code; change the code, then `make docs` -->\n\n"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += [
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in row) + " |" for row in rows
    ]
    return "\n".join(lines) + "\n"


def settings() -> str:
    from pydantic_core import PydanticUndefined

    from broker.settings import Settings

    def default(name: str) -> str:
        field = Settings.model_fields[name]
        if name == "home":
            return "`/var/lib/accords` as root, else `~/.local/share/accords`"
        if name == "providers":
            return "`local`, driver `local`"
        if field.default is PydanticUndefined:
            return "none"
        return f"`{field.default}`" if field.default not in (None, "") else "none"

    rows = [
        (f"`{name}`", f"`ACCORDS_{name.upper()}`", default(name), field.description)
        for name, field in Settings.model_fields.items()
    ]
    return (
        "# Settings\n\n"
        "In `accords.yaml` (in `home`, or where `ACCORDS_CONFIG` says), or as environment variables, which win.\n"
        "Nested ones are written with two underscores: `ACCORDS_PROVIDERS__PARIS__DRIVER=openstack`.\n\n"
        + table(("setting", "environment", "default", "meaning"), rows)
    )


def commands() -> str:
    from broker.cli.commands import COMMANDS
    from broker.cli.exits import MEANING, Exit

    parts = ["# Commands\n\nResults go to standard output, all else to standard error. `--json` prints for machines.\n"]
    for command in COMMANDS:
        words = " ".join(_usage(argument.names, argument.keywords) for argument in command.arguments)
        parts.append(
            f"\n## accords {command.name}\n\n    accords {command.name} {words}".rstrip() + f"\n\n{command.help}\n"
        )
        rows = [(f"`{argument.names[-1]}`", argument.keywords.get("help", "")) for argument in command.arguments]
        if rows:
            parts.append("\n" + table(("argument", "meaning"), rows))
    codes = [(int(code), f"`{code.name}`", MEANING[code]) for code in Exit]
    parts.append("\n## Exit codes\n\n" + table(("code", "name", "meaning"), codes))
    return "".join(parts)


def _usage(names: Sequence[str], keywords: Mapping[str, object]) -> str:
    word = str(keywords.get("metavar", names[-1].lstrip("-").upper()))
    if not names[0].startswith("-"):
        return {"?": f"[{word}]", "+": f"{word} [{word} …]"}.get(str(keywords.get("nargs", "")), word)
    return f"[{names[-1] if len(names[-1]) > 2 else names[0]}{'' if keywords.get('action') else ' ' + word}]"


def rows() -> str:
    from broker import addresses
    from broker.services import ROWS
    from broker.settings import Settings

    base = Settings.model_fields["base_port"].default
    found = [
        (f"`{row.name}`", base + addresses.OFFSETS[row.name], " ".join(k.rsplit("#", 1)[1] for k in row.kinds))
        for row in ROWS
    ]
    found.append(("`agent`", Settings.model_fields["door_port"].default, "none: the door that nodes call home to, TLS"))
    return "# Rows\n\nEvery category server, its port by default, and the kinds it serves.\n\n" + table(
        ("row", "port", "kinds"), found
    )


def kinds() -> str:
    from broker.occi import kinds

    parts = ["# Kinds\n\nEvery kind of every row. `!` must be given, `=` only the server writes it.\n"]
    for row in kinds.names():
        parts.append(f"\n## Row {row}\n")
        parts += [_kind(kind) for kind in kinds.categories(row) if isinstance(kind, Kind)]
    return "".join(parts)


def _kind(kind: Kind) -> str:
    actions = ", ".join(action.rsplit("#", 1)[-1] for action in kind.actions) or "none"
    found = [
        (f"`{one.name}`{'!' * one.required}{'=' * (not one.mutable)}", one.type.value, one.description)
        for one in kind.attributes
    ]
    attributes = table(("attribute", "type", "meaning"), found) if found else "No attributes of its own.\n"
    return f"\n### {kind.term}\n\n`{kind.id}` at `{kind.location}`. Actions: {actions}.\n\n{attributes}"


def codes() -> str:
    from broker.codes import ANSWERS, COMMANDS, STEPS
    from providers.errors import ProviderError

    clouds = [(kind.code, "yes" if kind.retryable else "no", MEANINGS[kind.code]) for kind in family(ProviderError)]
    return "".join(
        [
            "# Codes\n\nCodes never change once released.\n",
            _section("Answers of rows and of the agents' door", "", ("code", "meaning"), ANSWERS.items()),
            _section("Failed steps", "", ("code", "meaning"), STEPS.items()),
            _section(
                "What a cloud may say",
                "A failed step can carry one of these, too. *Retried*: the walk tries again by itself.\n\n",
                ("code", "retried", "meaning"),
                clouds,
            ),
            _section("The command line, with `--json`", "", ("code", "meaning"), COMMANDS.items()),
            "\nWhat is said of documents: [diagnostics](diagnostics.md).\n",
        ]
    )


def metrics() -> str:
    from sla import METRICS

    def rows(origin: str) -> list[tuple[str, str, str, int, str]]:
        found = (one for one in METRICS.values() if one.origin == origin)
        return [(one.name, one.units, one.location or "none", one.period, one.meaning) for one in found]

    head = ("metric", "units", "location", "period, s", "meaning")
    return (
        "# Metrics\n\nWhat a `monitor` statement may name (`db.monitor(slam.du:bytes, '/srv/data');`) and a guarantee "
        "may promise. The newest samples are in `accords status` and `GET /service/<id>/samples`; they are kept for a "
        "week. "
        "A metric of your own comes with an import document: its `expression` is a shell command that the node runs "
        "every `period` seconds, the whole number that its output begins with is the value, and `samples` of them are "
        "sent together.\n"
        + _section(
            "Measured in the node",
            "Whole numbers. `net:<interface>:...` is there for every interface.\n\n",
            head,
            rows("node"),
        )
        + _section(
            "Measured from outside", "As a client of the node sees it, by the worker.\n\n", head, rows("outside")
        )
    )


def diagnostics() -> str:
    from manifests import CODES

    parts = [
        "# Diagnostics\n\nEverything that is said of documents: what it means, a document that earns it, and how "
        "`accords validate` says it. An error refuses the document, a warning does not. Codes never change once "
        "released.\n"
    ]
    parts += [_diagnostic(code, one) for code, one in sorted(CODES.items())]
    return "".join(parts)


def conformance() -> str:
    return (
        "# Conformance to OCCI\n\nEvery item of our checklist of OCCI 1.2 (GFD.221, 223 to 229) and of what 1.1 asks "
        "beyond it, in our own words, with the tests that would fail if it were broken. `1.1` items are said by that "
        "version alone; `DEC` marks what no text says, or texts and clients say differently.\n\n"
        + table(("item", "level", "what it asks", "how it stands"), checklist.rows())
    )


_STAGES = {
    "read": "read",
    "library": "read with what the account has",
    "offline": "read without a server",
    "fill": "filled",
    "place": "placed",
    "plan": "planned",
}


def _diagnostic(code: str, one: Code) -> str:
    from broker.cli.diagnose import lines
    from manifests import read

    stage = _STAGES[one.stage]
    text = f"\n## {code}\n\n{one.meaning} ({one.severity.capitalize()}, when the document is {stage}.)\n"
    if not one.example:
        return text
    given: dict[str, str] | None = {} if one.stage == "fill" else None
    said = [each for each in read(one.example.encode(), inputs=given).diagnostics if each.code == code][:1]
    return text + "".join(f"\n{_indented(block)}\n" for block in (one.example, *_joined(lines("x", one.example, said))))


def _joined(lines: Sequence[str]) -> list[str]:
    return ["\n".join(lines)] if lines else []


def _indented(block: str) -> str:
    """A block of code in Markdown."""
    return "\n".join(f"    {line}".rstrip() for line in block.split("\n"))


def _section(title: str, prose: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return f"\n## {title}\n\n{prose}" + table(head, ((f"`{first}`", *rest) for first, *rest in rows))


def family(root: type[T]) -> Iterable[type[T]]:
    """A class and all that derive from it."""
    yield root
    for child in root.__subclasses__():
        yield from family(child)


WRITERS: Mapping[str, Callable[[], str]] = {
    "settings.md": settings,
    "commands.md": commands,
    "rows.md": rows,
    "kinds.md": kinds,
    "codes.md": codes,
    "diagnostics.md": diagnostics,
    "metrics.md": metrics,
    "conformance.md": conformance,
}


def main(argv: Sequence[str]) -> int:
    """0 when every page is as the code would have it."""
    stale = []
    PAGES.mkdir(exist_ok=True)
    for name, write in WRITERS.items():
        page, text = PAGES / name, _MADE + write()
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in argv:
                page.write_text(text, encoding="utf-8")
    stale += schemas.stale() if "--check" in argv else schemas.publish()
    if stale and "--check" in argv:
        sys.stderr.write(f"{', '.join(stale)}: not what the code says; run `make docs`\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
