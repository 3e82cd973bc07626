"""A service's report as the lines people read. Pure: a report in, lines out.

The report is what `GET /service/<id>/report` answers:

    service     {id, name, state, account, created, expires}           state: a word of the service life cycle
    operation   {kind, state, done, total, error, said} or null        the newest one
    steps       [{id, verb, subject, provider, state, attempt, error,  state: waiting intent done failed blocked;
                 waits}]                                               waits: the steps that it needs and are not done
    nodes       [{name, state, provider, zone, addresses, public,      ports: [{protocol, from, to, source}]
                 size, ports}]
    volumes     [{id, name, provider, size, retain, node}]
    samples     [{metric, target, location, value, units, at}]         the newest of what is measured
    guarantees  [{name, target, state, reason, at, since}]             since: of a violation that lasts, or null
    violations  [{name, target, since, ended, reason, evidence}]       the newest few
    outputs     [{name, value}]                                        value null: it is not known yet
    outside     [{name, address, port, aetitle}]                       nodes of others
    shared      [{node, service, users, whose, differs}]               common nodes, each a service that others may use
    users       [{name, running}]                                      who uses this one, where it is a common node
    drift       [{provider, kind, id, aspect, step, wanted, seen,      what somebody changed at the clouds
                 since}]
    error       {step, code, message, hint} or null
    can         [action, …]                                            what may be asked for now
    methods     [name, …]                                              what `invoke` may ask for
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from broker.occi.states import shown

Report = Mapping[str, Any]

_MARKS = {"met": "met", "violated": "VIOLATED", "unknown": "unknown"}


def services(found: Iterable[Report]) -> list[str]:
    """All services, a line each."""
    rows = [(one["name"], shown("service", one["state"]), _when(one.get("expires"), "until ")) for one in found]
    return columns(rows) or ["no services"]


def report(found: Report) -> list[str]:
    """One service with all its parts."""
    service = found["service"]
    lines = [f"{service['name']}: {shown('service', service['state'])}{_when(service.get('expires'), ', until ')}"]
    lines += _error(found.get("error"))
    lines += _part("nodes", [_node(node) for node in found["nodes"]])
    lines += _part("outside", [_outside(node) for node in found["outside"]])
    lines += _part(
        "outputs",
        [(one["name"], "not known yet" if one["value"] is None else one["value"]) for one in found["outputs"]],
    )
    lines += _part("shared", [_shared(one) for one in found.get("shared", ())])
    lines += _part("used by", [(one["name"], "" if one["running"] else "stopped") for one in found.get("users", ())])
    lines += _part("volumes", [_volume(volume) for volume in found["volumes"]])
    lines += _part("measured", [_sample(one) for one in found["samples"]])
    lines += _part("guarantees", [_guarantee(one) for one in found["guarantees"]])
    lines += _part("differs", [_differs(each) for each in found.get("drift", ())])
    lines += _part("not done", [_step(step) for step in found["steps"] if step["state"] != "done"])
    if found["can"]:
        lines.append(f"can: {', '.join(found['can'])}")
    if found["methods"]:
        lines.append(f"methods: {', '.join(found['methods'])}")
    return lines


def volumes(found: Iterable[Report]) -> list[str]:
    """What is kept, a line each, with what removes it."""
    rows = [
        (
            one["id"],
            one["kind"],
            one["service"],
            one["name"],
            size(one["size"]) if one["size"] else "?",
            one["provider"],
            f"used by {one['user']}" if one.get("user") else f"accords volumes --remove {one['id']}",
        )
        for one in found
    ]
    return columns(rows) or ["no volumes and no images are kept"]


def event(found: Report) -> str:
    """One event: when, what, and its fields."""
    fields = " ".join(f"{key}={value}" for key, value in found["fields"].items() if value not in (None, ""))
    return f"{found['seq']:>6}  {_when(found['at'])}  {found['name']}  {fields}".rstrip()


def progress(found: Report, steps: Mapping[str, str]) -> str | None:
    """The line an event makes while somebody waits; None for what is not progress. `steps`: what each step does."""
    fields = found["fields"]
    match found["name"]:
        case "step.done":
            return f"  {steps.get(fields['step'], fields['step'])}"
        case "step.failed":
            return f"  failed: {fields['step']}: {(fields['error'] or {}).get('message', '')}"
        case "service.changed":
            return f"{fields['name']}: {shown('service', fields['state'])}"
        case "verdict.changed":
            return f"  {fields['guarantee']} of {fields['target']}: {fields['state']}"
        case _:
            return None


def doings(found: Report) -> dict[str, str]:
    """Step id -> what it does, in words: `create machine/pacs.0 on local`."""
    return {
        step["id"]: f"{step['verb']} {step['subject']}" + (f" on {step['provider']}" if step["provider"] else "")
        for step in found["steps"]
    }


def size(amount: int) -> str:
    """Bytes as people write them, decimal: 20 GB."""
    value = float(amount)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def columns(rows: Sequence[Sequence[object]]) -> list[str]:
    """Rows as aligned text."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _part(title: str, rows: Sequence[Sequence[object]]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in columns(rows))] if rows else []


def _node(node: Report) -> tuple[str, ...]:
    ports = " ".join(_port(port) for port in node["ports"])
    public = node.get("public")
    more = [f"public {public}"] if public and public not in node["addresses"] else []
    addresses = " ".join([*node["addresses"], *more])
    return (node["name"], node["state"], addresses, f"on {node['provider']}{_of_size(node.get('size'))}", ports)


def _of_size(found: Report | None) -> str:
    """`, medium`, or the amounts of a machine that is of no named size."""
    if not found or not found["cores"]:
        return ""
    amounts = f"{found['cores']} cores and {size(found['memory'])}"
    return f", {found['size'] or amounts}"


def _shared(one: Report) -> tuple[str, ...]:
    otherwise = f"as {one['whose']} defines it; this document defines it otherwise" if one.get("differs") else ""
    return (one["node"], one["service"], f"used by {', '.join(one['users'])}", otherwise)


def _outside(node: Report) -> tuple[str, ...]:
    """An address as its clients write it, and the AE title where it has one."""
    address = f"[{node['address']}]" if ":" in node["address"] and node["port"] else node["address"]
    return (node["name"], f"{address}:{node['port']}" if node["port"] else address, node["aetitle"] or "")


def _port(port: Report) -> str:
    numbers = str(port["from"]) if port["from"] == port["to"] else f"{port['from']}-{port['to']}"
    source = "" if port["source"] == "0.0.0.0/0" else f" from {port['source'].removeprefix('node:')}"
    return f"{port['protocol']}/{numbers}{source}"


def _volume(volume: Report) -> tuple[str, ...]:
    kept = "kept when released" if volume["retain"] else "removed when released"
    return (volume["name"], size(volume["size"]), f"on {volume['provider']}", kept)


def _sample(one: Report) -> tuple[str, ...]:
    place = f"{one['metric']} {one['location']}" if one["location"] else one["metric"]
    return (one["target"], place, f"{one['value']:.15g} {one['units']}".rstrip(), f"at {_when(one['at'])}")


def _guarantee(one: Report) -> tuple[str, ...]:
    return (one["name"], _MARKS[one["state"]] + _when(one.get("since"), " since "), one["reason"])


def _differs(each: Report) -> tuple[str, ...]:
    thing = each["step"].removesuffix(".machine")
    return (thing, f"wanted {each['wanted']}", f"seen {each['seen']}", _when(each["since"], "since "))


def _step(step: Report) -> tuple[str, ...]:
    error = step.get("error") or {}
    waits = ", ".join(step.get("waits") or ())
    return (step["id"], step["state"], str(error.get("message") or (waits and f"waits for {waits}")))


def _error(error: Report | None) -> list[str]:
    if not error:
        return []
    step = f"step {error['step']}: " if error.get("step") else ""
    return [f"  {step}{error['message']}", *([f"  {error['hint']}"] if error.get("hint") else [])]


def _when(at: str | None, before: str = "") -> str:
    """RFC 3339 to the second, as people read it."""
    return "" if at is None else before + at[:19].replace("T", " ")
