"""The store on both kinds of database: POST of an entity through a server process, pages of 100 out of many, filtered,
and six processes that write one SQLite file.

    python tests/bench/bench_store.py [--large]      --large: pages out of a million entities, too
"""

from __future__ import annotations

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from bench_http import ATTRIBUTES, NODE, _ask
from installation import cpu, family, installation

from broker import addresses, auth
from broker.occi.model import CORDS
from broker.store import Page, Record, Store, entities
from tests.postgresql import binaries, server

POSTS = 2000
ROUNDS = 3
PAGES = 200
WRITERS = 6
SECONDS = 60
KINDS = tuple(f"{CORDS}{term}" for term in ("node", "image", "network", "compute", "storage"))
FILTERS: Mapping[str, Mapping[str, Any]] = {
    "kind and state": {"kind": KINDS[0], "attributes": {"occi.compute.state": "active"}},
    "a mixin of 1 in 10": {"mixins": [{"http://example.org#tenth"}]},
    "a mixin of 1 in 1000": {"mixins": [{"http://example.org#thousandth"}]},
    "an attribute of 1 in 10": {"attributes": {"occi.compute.cores": 4}},
    "an attribute of 1 in 1000": {"attributes": {"org.example.rack": "r-7"}},
    "a state and a rack": {"attributes": {"occi.compute.state": "active", "org.example.rack": "r-7"}},
}
DEEP = 0.9
"""How far into everything the deep page is."""
WRITER = """
import sys, time
from broker.store import Page, Record, Store, entities
store, ends, count = Store.open(sys.argv[1]), time.monotonic() + float(sys.argv[2]), 0
while time.monotonic() < ends:
    with store.write() as tx:
        entities.insert(tx, Record("ann", "http://example.org#thing", tx.new_id(), attributes={"a": count}))
    count += 1
print(count)
"""


def main(large: bool) -> None:
    for kind, goal in (("SQLite", 1500), ("PostgreSQL", 1000)):
        if kind == "PostgreSQL" and binaries() is None:
            continue
        with database(kind) as address:
            told(f"POST of an entity, {kind}", posted(address), "a second of CPU", f">= {goal}", "store alone: 2,600")
        for size in (100_000, 1_000_000) if large else (100_000,):
            with database(kind) as address:
                pages(kind, address.format(home="", row="node") if kind == "PostgreSQL" else address, size)
    several()


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The setting `database`, for an empty one."""
    if kind == "SQLite":
        with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
            yield f"sqlite:///{folder}/bench.sqlite"
        return
    with server(in_memory=False) as running:
        yield f"{running.url(running.make())}?schema={{row}}"


def posted(address: str) -> float:
    """POSTs of a node a second of the server process' CPU; PostgreSQL's own processes are not counted."""
    with installation({}, (("serve", "node"),), database=address) as found:
        key = json.loads((found.home / "installation.json").read_text())["key"]
        token = auth.issue(key, auth.Principal("bench", "bench", auth.Role.USER))
        body = NODE + ATTRIBUTES
        lines = {"Host": "bench", "Authorization": f"Bearer {token}", "Content-Type": "text/plain"}
        lines["Content-Length"] = str(len(body))
        with socket.create_connection(("127.0.0.1", found.base_port + addresses.OFFSETS["node"])) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pid = found.processes[0].pid
            return max(_rate(connection, pid, lines, body) for _ in range(ROUNDS))


def _rate(connection: socket.socket, pid: int, lines: Mapping[str, str], body: bytes) -> float:
    for _ in range(100):
        _ask(connection, "POST", "/node/", lines, body)
    before = sum(map(cpu, family(pid)))
    for _ in range(POSTS):
        assert b" 201 " in _ask(connection, "POST", "/node/", lines, body)[:20]
    return POSTS / (sum(map(cpu, family(pid))) - before)


def pages(kind: str, address: str, size: int) -> None:
    store = Store.open(address)
    for start in range(0, size, 5000):
        with store.write(durable=False) as tx:
            entities.upsert_projections(tx, [(_record(n), 1) for n in range(start, min(size, start + 5000))])
    asked = [(name, entities.page, wanted, None) for name, wanted in FILTERS.items()]
    asked.append(("nothing, deep inside", entities.page, {"kind": KINDS[0]}, _deep(store)))
    asked.append(("kind and state, addresses only", entities.keys, FILTERS["kind and state"], None))
    for name, ask, wanted, begin in asked:
        took, used = _page(store, ask, wanted, begin)
        page = f"a page of 100 out of {size:,} by {name}, {kind}"
        told(page, took, "ms", "< 5", f"CPU of this process {used:.2f} ms")
    store.close()


def _deep(store: Store) -> str:
    """Ids are spread evenly: what begins with `e` is behind nine tenths."""
    return entities.cursor(KINDS[0], f"{int(DEEP * 16):x}")


def _record(n: int) -> Record:
    mixins = [f"http://example.org#{name}" for name, each in (("tenth", 10), ("thousandth", 1000)) if n % each == 3]
    attributes: dict[str, object] = {
        "occi.compute.state": ("active", "inactive", "suspended")[n % 3],
        "occi.compute.cores": 4 if n % 10 == 3 else n % 3,
        "occi.compute.hostname": f"host-{n}",
        "org.example.rack": f"r-{n % 1000}",
    }
    account = "ward" if n % 4 else "other"
    id = str(uuid.uuid5(uuid.NAMESPACE_OID, str(n)))
    return Record(account, KINDS[n % 5], id, title=f"t {n}", attributes=attributes, mixins=tuple(mixins))


def _page(store: Store, ask: Callable[..., Any], wanted: Mapping[str, Any], begin: str | None) -> tuple[float, float]:
    """Milliseconds of a page, the median and the CPU; the next one each time and again from the beginning."""
    times, after = [], begin
    used = time.process_time()
    for _ in range(PAGES):
        began = time.perf_counter()
        with store.read() as tx:
            found = ask(tx, "ward", after=after, **wanted)
        times.append((time.perf_counter() - began) * 1000)
        after = (found.after if isinstance(found, Page) else found[1]) or begin
    return statistics.median(times), (time.process_time() - used) / PAGES * 1000


def several() -> None:
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        address = f"sqlite:///{folder}/bench.sqlite"
        Store.open(address).close()
        command = [sys.executable, "-c", WRITER, address, str(SECONDS)]
        running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(WRITERS)]
        printed = [process.communicate()[0] for process in running]
        errors = sum(process.returncode != 0 for process in running)
        written = sum(int(text) for text in printed if text)
    name = f"{WRITERS} processes writing one SQLite file for {SECONDS} s"
    told(f"{name}: processes with an error", errors, "", "0", "WAL with plain BEGIN: 7,667 lock errors in 4 s")
    told(f"{name}: transactions", written / SECONDS, "a second", "", "WAL with plain BEGIN: 1,900")


def told(name: str, value: float, unit: str, goal: str, anchor: str) -> None:
    found = {"name": name, "value": value, "unit": unit, "goal": goal, "anchor": anchor}
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
