"""Every command with its arguments: a table. The documentation's page is generated from it."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.cli import parameters

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def duration(text: str) -> float:
    """`90`, `90s`, `10m`, `2h`, `1d`, `1h30m` -> seconds."""
    if re.fullmatch(r"\d+", text):
        return float(text)
    if not re.fullmatch(r"(\d+[smhd])+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no duration; write 90s, 10m, 2h or 1h30m")
    return float(sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)([smhd])", text)))


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its names as argparse takes them, and argparse's own keywords."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Command:
    """`run` is `module:function` inside this package; `help` one line for the list of commands."""

    name: str
    run: str
    help: str
    arguments: tuple[Argument, ...] = ()


def _argument(*names: str, **keywords: Any) -> Argument:
    return Argument(names, keywords)


JSON = _argument("--json", action="store_true", help="print JSON for a machine")
SERVICE = _argument("service", metavar="SERVICE", help="name of the service")
DOCUMENT = _argument("document", metavar="FILE", help="a CORDS manifest, XML, YAML or JSON; - reads standard input")
INPUTS = (
    _argument(
        "--set",
        action="append",
        default=[],
        type=parameters.assignment,
        metavar="NAME=VALUE",
        help="the value of an input of the manifest; may be repeated",
    ),
    _argument(
        "--env",
        metavar="FILE",
        help="a file of lines NAME=VALUE with values of inputs, secret ones too",
    ),
)
KEPT = _argument(
    "--volume",
    action="append",
    default=[],
    type=parameters.assignment,
    metavar="NAME=ID",
    help="join a volume that was kept (its id: `accords volumes`) as this one of the manifest; may be repeated",
)
STRICT = _argument("--strict", action="store_true", help="refuse what would be repaired with a warning")
WAIT = (
    _argument("--wait", action="store_true", help="wait until it is done, showing a line a step"),
    _argument("--timeout", type=duration, metavar="TIME", help="give up waiting after this long: 90s, 10m, 2h"),
)

NODES = _argument(
    "--node",
    dest="nodes",
    action="append",
    default=[],
    metavar="NODE",
    help="only this node; may be repeated. The rest of the service stays as it is",
)
YES = _argument("--yes", action="store_true", help="go on, where nobody can be asked")

COMMANDS: tuple[Command, ...] = (
    Command(
        "validate",
        "documents:validate",
        "check documents; needs no broker and no network",
        (
            _argument("documents", metavar="FILE", nargs="+", help="CORDS documents, XML, YAML or JSON; - reads one"),
            STRICT,
            _argument("--colour", choices=("auto", "always", "never"), default="auto", help="by default on a terminal"),
            _argument("--sarif", action="store_true", help="print SARIF 2.1.0, which code review shows at the lines"),
            JSON,
        ),
    ),
    Command(
        "post",
        "posting:post",
        "store documents of any kind for others to refer to: manifests, agreements, imports, providers",
        (
            _argument("documents", metavar="FILE", nargs="+", help="CORDS documents, XML, YAML or JSON; - reads one"),
            _argument("--decorated", action="store_true", help="print each with the ids and defaults it was given"),
            STRICT,
            JSON,
        ),
    ),
    Command(
        "plan",
        "documents:plan",
        "show what `up` would do, with cost and reasons; makes nothing",
        (DOCUMENT, *INPUTS, KEPT, STRICT, JSON),
    ),
    Command(
        "convert",
        "schemas:convert",
        "print a document in another form, with nothing lost but comments; needs no broker",
        (
            _argument("document", metavar="FILE", help="a CORDS document, XML, YAML or JSON; - reads standard input"),
            _argument("--to", choices=("xml", "yaml", "json"), required=True, help="the form to print it in"),
        ),
    ),
    Command(
        "schema",
        "schemas:schema",
        "print a schema that editors check documents with, or list them; needs no broker",
        (
            _argument("name", metavar="NAME", nargs="?", help="xsd, json, or a name of the list; all when absent"),
            _argument("--path", action="store_true", help="print where its file is instead"),
        ),
    ),
    Command(
        "openapi",
        "schemas:openapi",
        "print the OpenAPI description of the JSON side; needs no broker",
        (_argument("row", metavar="ROW", nargs="?", help="of one category server; of all together when absent"),),
    ),
    Command(
        "up",
        "services:up",
        "deploy a manifest",
        (
            DOCUMENT,
            *INPUTS,
            KEPT,
            STRICT,
            _argument("--name", help="name of the service; by default the manifest's"),
            _argument("--agreement", metavar="FILE", help="the agreement that the service is judged by"),
            _argument("--ttl", type=duration, metavar="TIME", help="release the service after this long"),
            _argument("--discard", action="store_true", help="at the end of --ttl remove the volumes too"),
            _argument("--anyway", action="store_true", help="also when a price or a quota moved since it was planned"),
            _argument(
                "--repair",
                choices=("report", "repair", "adopt"),
                help="what the worker does about what somebody changes at the cloud; by default as the settings say",
            ),
            *WAIT,
            JSON,
        ),
    ),
    Command(
        "status",
        "services:status",
        "show services, or one with its nodes, steps and guarantees",
        (_argument("service", metavar="SERVICE", nargs="?", help="name of the service; all when absent"), JSON),
    ),
    Command(
        "why",
        "why:why",
        "show why a node is where it is, and what spoke against every other offer",
        (
            SERVICE,
            _argument("node", metavar="NODE", help="name of the node; of one in a nested manifest OUTER/INNER"),
            _argument("provider", metavar="PROVIDER", nargs="?", help="of this provider only"),
            JSON,
        ),
    ),
    Command(
        "events",
        "services:events",
        "show what happened",
        (
            _argument("service", metavar="SERVICE", nargs="?", help="of this service only"),
            _argument("--after", type=int, default=0, metavar="N", help="only events after this sequence number"),
            _argument("--follow", "-f", action="store_true", help="go on as events happen"),
            _argument("--json", action="store_true", help="print JSON for a machine, an event a line"),
        ),
    ),
    Command(
        "logs",
        "services:logs",
        "show what the nodes' scripts printed",
        (SERVICE, _argument("node", metavar="NODE", nargs="?", help="of this node only"), JSON),
    ),
    Command(
        "console",
        "console:console",
        "show the console of a node's machine; also while its service is being deployed",
        (SERVICE, _argument("node", metavar="NODE", help="name of the node"), JSON),
    ),
    Command("start", "services:act", "start a stopped service", (SERVICE, NODES, *WAIT, JSON)),
    Command("stop", "services:act", "stop a service; its data stay", (SERVICE, NODES, *WAIT, JSON)),
    Command("restart", "services:act", "stop and start a service", (SERVICE, NODES, *WAIT, JSON)),
    Command("suspend", "services:act", "suspend a service; `start` resumes it", (SERVICE, NODES, *WAIT, JSON)),
    Command(
        "save",
        "services:act",
        "save the nodes' disks as new images, beside those saved before",
        (SERVICE, NODES, *WAIT, JSON),
    ),
    Command(
        "invoke",
        "invoking:invoke",
        "call a method of a service's interface; --wait shows what its scripts print",
        (
            SERVICE,
            _argument("method", metavar="METHOD", help="name of the method: an action of the manifest's interface"),
            _argument("argument", metavar="ARGUMENT", nargs="*", help="what its scripts have as $1, $2"),
            *WAIT,
            JSON,
        ),
    ),
    Command(
        "resize",
        "resizing:resize",
        "give a node's machine another size: shows the plan with its price, and asks; the machine is stopped for it",
        (
            SERVICE,
            _argument("node", metavar="NODE", help="name of the node; with its index (`web.0`) one of several"),
            _argument("--cores", type=int, metavar="N", help="at least so many; what is not said stays what it is"),
            _argument("--memory", metavar="SIZE", help="at least so much: 4G, 512M, 8GiB"),
            _argument("--disk", metavar="SIZE", help="at least so much of its own disk"),
            _argument("--size", metavar="NAME", help="the provider's name of a size"),
            YES,
            *WAIT,
            JSON,
        ),
    ),
    Command("retry", "services:act", "try what failed again, and go on from there", (SERVICE, *WAIT, JSON)),
    Command(
        "drift",
        "drifting:drift",
        "show what differs of a service at its clouds: gone, stopped, resized, retagged; fails when something does",
        (SERVICE, JSON),
    ),
    Command(
        "repair",
        "drifting:repair",
        "put right what differs at the clouds: shows the plan, and asks",
        (
            SERVICE,
            _argument("--adopt", action="store_true", help="want it as it is from now on; what is gone is given up"),
            YES,
            *WAIT,
            JSON,
        ),
    ),
    Command(
        "audit",
        "drifting:audit",
        "show what is at the clouds and the broker does not know, with its cost, and the other way round",
        (_argument("--remove", action="store_true", help="give back what nobody knows; asks"), YES, JSON),
    ),
    Command("cancel", "services:act", "stop what is under way and give back what was made", (SERVICE, *WAIT, JSON)),
    Command(
        "release",
        "releasing:release",
        "give a service back; volumes with data are kept",
        (
            SERVICE,
            _argument(
                "--volumes", action="store_true", help="remove the volumes and saved images too; asks for the name"
            ),
            _argument("--yes", metavar="NAME", help="the service's name, where nobody can be asked"),
            *WAIT,
            JSON,
        ),
    ),
    Command(
        "volumes",
        "releasing:volumes",
        "list the volumes and saved images that are kept, or remove one",
        (_argument("--remove", metavar="ID", help="remove this one and what it holds"), JSON),
    ),
    Command(
        "serve",
        "processes:serve",
        "run a category server: one row, or `all` of them; `agent`, the nodes' door; `stream`, events as they happen",
        (
            _argument("row", metavar="ROW", help="name of a row, `all`, `agent` or `stream`"),
            _argument("--work", action="store_true", help="run a worker beside it, in a process of its own"),
        ),
    ),
    Command("work", "processes:work", "run the worker: it carries out what was asked for"),
    Command(
        "providers",
        "clouds:providers",
        "show the clouds that are set up and what keeps them from working; add, check or remove one",
        (
            _argument(
                "what",
                nargs="?",
                choices=("list", "check", "add", "remove", "drivers"),
                default="list",
                help="list all (so unless told), check one closely, add or remove one, or list the drivers there are",
            ),
            _argument("name", nargs="?", metavar="NAME", help="the provider that is meant"),
            _argument("--driver", metavar="DRIVER", help="of the provider that is added"),
            _argument(
                "--option",
                action="append",
                default=[],
                type=parameters.assignment,
                metavar="NAME=VALUE",
                help="an option of its driver, text or JSON; may be repeated",
            ),
            _argument(
                "--secret",
                action="append",
                default=[],
                metavar="NAME",
                help="an option that is asked for and not shown; in a pipe a line of standard input each",
            ),
            JSON,
        ),
    ),
    Command(
        "keys",
        "keys:keys",
        "list the SSH keys that nodes may name, keep another one, or remove one",
        (
            _argument("what", nargs="?", choices=("list", "add", "remove"), default="list", help="list unless told"),
            _argument("name", nargs="?", metavar="NAME", help='what manifests call it: key="NAME"'),
            _argument("file", nargs="?", metavar="FILE", help="the public key, one line; - reads standard input"),
            JSON,
        ),
    ),
    Command(
        "token",
        "processes:token",
        "make a token for an account (on the broker's machine)",
        (
            _argument("account", metavar="ACCOUNT", help="the account it belongs to"),
            _argument("--role", choices=("user", "admin"), default="user", help="what it may do"),
            _argument("--name", default="", help="who it is for; by default the account"),
            _argument("--ttl", type=duration, metavar="TIME", help="it ends after this long; never when absent"),
        ),
    ),
    Command(
        "backup",
        "keeping:write",
        "write everything of the broker on this machine into one file, while it runs",
        (
            _argument("file", metavar="FILE", help="the archive, made readable by its owner only"),
            _argument("--without-keys", action="store_true", help="leave out the keys and the settings"),
        ),
    ),
    Command(
        "restore",
        "keeping:read",
        "bring the broker of such a file into this home, where none runs",
        (_argument("file", metavar="FILE", help="an archive of `accords backup`"),),
    ),
    Command("version", "processes:version", "show the version"),
)


def parser(words: Sequence[str] = ()) -> argparse.ArgumentParser:
    """The parser of all commands; for words that begin with one, of that one alone: making all takes longer than most
    commands."""
    whole = argparse.ArgumentParser(
        prog="accords", description="Deploys imaging services from CORDS manifests on the clouds you have."
    )
    whole.add_argument("--version", action="store_true", help="show the version")
    chosen = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in [each for each in COMMANDS if each.name in words[:1]] or COMMANDS:
        own = chosen.add_parser(command.name, help=command.help, description=command.help)
        own.set_defaults(run=command.run)
        for argument in command.arguments:
            own.add_argument(*argument.names, **argument.keywords)
    return whole
