"""Reading, resolving, placing and planning: CPU and memory of documents of 10, 1,000 and 10,000 nodes, and the corpus.

Each size is a process of its own, so that its memory is its own. The nodes come in tens: a database, and nine that
are told its address, each with an infrastructure, an image, two packages, a volume and a port.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from lxml import etree

from broker import memory
from manifests import (
    NO_LIBRARY,
    Library,
    Manifest,
    Offer,
    OfferedImage,
    Size,
    errors,
    parse,
    place,
    plan,
    read,
    schemas,
    together,
)

HERE = Path(__file__)
ACCORDS = Path(sys.executable).parent / "accords"
CORPUS = HERE.parents[3] / "shared" / "corpus"
LIMIT = 64 * 1024**2
RUNS = 3
NODE = (
    '<node name="{name}"><infrastructure name="i"><compute name="c" cores="2" memory="4G"/>'
    '<network name="lan"><port name="p" protocol="tcp" from="{port}" to="{port}" range="10.0.0.0/8"/></network>'
    '<storage name="s" size="10G"><volume name="data" size="20G"/></storage></infrastructure>'
    '<image name="{name}"><system name="linux"/><package name="one"/><package name="two" configuration="true"/></image>'
    "</node>\n"
)
OFFER = Offer(
    "paris", "fake", "here", (Size(None, 64, 10**12, 10**13),), (OfferedImage("linux", "linux"),), 0, flexible=True
)


def document(nodes: int) -> bytes:
    """The manifest of so many nodes."""
    names = [f"db{i // 10}" if i % 10 == 0 else f"app{i}" for i in range(nodes)]
    inner = "".join(NODE.format(name=name, port=1024 + index % 60000) for index, name in enumerate(names))
    told = "".join(
        f"<action expression=\"{name}.configure(db{i // 10}.hostname); {name}.system('true');\"/>\n"
        for i, name in enumerate(names)
        if i % 10
    )
    return f'<manifest name="m">{inner}<configuration name="c">{told}</configuration></manifest>'.encode()


def nested(nodes: int) -> tuple[bytes, Library]:
    """The manifest of so many nodes as a tenth of complex ones, each the manifest `ten` of the library."""
    many = range(nodes // 10)
    inner = "".join(f'<node name="part{i}" type="ten"/>\n' for i in many)
    told = "".join(f'<action expression="part{i}.app1.configure(part{i - 1}.db0.hostname);"/>\n' for i in many[1:])
    whole = f'<manifest name="m">{inner}<configuration name="c">{told}</configuration></manifest>'
    ten = parse(document(10).replace(b'<manifest name="m">', b'<manifest name="ten">', 1)).tree
    return whole.encode(), together([("ten.xml", ten)] if ten else [])


def pipeline(data: bytes, library: Library = NO_LIBRARY) -> None:
    """Bytes to plan."""
    reading = read(data, limit=LIMIT, library=library)
    if not isinstance(reading.document, Manifest):
        raise SystemExit(str(reading.diagnostics[:5]))
    placed = place(reading.document, [OFFER], now=0, max_age=1, providers=["paris"])
    if plan(reading.document, placed.placements).plan is None:
        raise SystemExit("it gives no plan")


def cpu(do: Callable[[], object]) -> float:
    """Median seconds of CPU of this process."""
    spent = []
    for _ in range(RUNS):
        before = time.process_time()
        do()
        spent.append(time.process_time() - before)
    return statistics.median(spent)


def one(nodes: int) -> None:
    """In a process of its own, set up as those of the servers are: what a size costs, as a JSON line for the parent."""
    memory.settle()
    data = document(nodes)
    used = cpu(lambda: pipeline(data))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"cpu": used, "rss": most}))


def measured(nodes: int) -> dict[str, float]:
    ran = subprocess.run([sys.executable, str(HERE), str(nodes)], stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, float] = json.loads(ran.stdout)
    return found


def figure(name: str, value: object, unit: str, goal: str = "", anchor: str = "") -> None:
    print(json.dumps({"name": name, "value": value, "unit": unit, "goal": goal, "anchor": anchor}), flush=True)


def validate() -> float:
    """A 10-node manifest, `accords validate`, whole process, CPU."""
    with tempfile.NamedTemporaryFile(suffix=".xml") as file:
        file.write(document(10))
        file.flush()
        spent = []
        for _ in range(7):
            before = os.times()
            subprocess.run([str(ACCORDS), "validate", file.name], stdout=subprocess.DEVNULL, check=True)
            after = os.times()
            spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    return statistics.median(spent)


def corpus() -> None:
    """What becomes of each real document: read, read with warnings, or refused with every reason."""
    found = {"read": 0, "read with warnings": 0, "explained": 0, "neither": 0}
    for path in sorted(CORPUS.glob("*/*.xml")):
        reading = read(path.read_bytes())
        if reading.document is not None:
            found["read with warnings" if reading.diagnostics else "read"] += 1
        else:
            found["explained" if errors(reading.diagnostics) else "neither"] += 1
    text = ", ".join(f"{count} {word}" for word, count in found.items())
    figure("documents of the corpus", text, "", "read or explained", "ACCORDS' parser drops statements silently")


def main() -> None:
    thousand, most = measured(1000), measured(10_000)
    data, schema = document(1000), etree.XMLSchema(file=str(schemas.path("cords.xsd")))
    inside, large = (cpu(partial(pipeline, *nested(nodes))) for nodes in (1000, 10_000))
    figure("1,000 nodes: read, resolve, place, plan", thousand["cpu"], "s CPU", "<= 0.6", "Terraform plan 1.9 s")
    figure("the same bytes, lxml's bare parse", cpu(lambda: etree.fromstring(data)), "s CPU")
    figure("the same bytes, lxml with our schema", cpu(lambda: schema.assertValid(etree.fromstring(data))), "s CPU")
    figure("1,000 nodes in 100 manifests, the same", inside, "s CPU", "<= 0.6")
    figure("CPU a node of these, 10,000 over 1,000", large / inside / 10, "x", "linear")
    figure("10,000 nodes, the same", most["cpu"], "s CPU", "<= 7")
    figure("CPU a node, 10,000 over 1,000", most["cpu"] / thousand["cpu"] / 10, "x", "linear")
    figure("10,000 nodes, memory of the process", most["rss"], "MiB", "<= 300")
    figure("accords validate, 10 nodes, whole process", validate(), "s CPU", "<= 0.3", "Terraform 0.05, xOpera 0.35")
    if CORPUS.is_dir():
        corpus()


if __name__ == "__main__":
    one(int(sys.argv[1])) if len(sys.argv) > 1 else main()
