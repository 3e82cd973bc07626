"""Every row a process of its own on a machine of its own: the demo passes, and a killed row loses nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from broker.services import ROWS
from providers.fake.remote import RemoteFake
from tests.apart.machines import PROVIDERS, Apart, can_be
from tests.databases import ON_POSTGRESQL
from tests.operations.stage import PAIR
from tests.pacs.installation import EXAMPLES, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_be(), reason="only root may make networks"),
    pytest.mark.skipif(ON_POSTGRESQL, reason="a file for each row, on a machine of its own"),
]

MANIFEST, AGREEMENT = str(EXAMPLES / "pacs.xml"), str(EXAMPLES / "pacs-agreement.xml")


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    found = Apart(tmp_path_factory.mktemp("apart"))
    try:
        found.start_all()
        until(lambda: found.accords("status").returncode == 0, found.logs)
        until(lambda: set(_rows(found)) == {row.name for row in ROWS}, lambda: f"{_rows(found)}\n{found.logs()}")
        yield found
    finally:
        found.close()


def _get(apart: Apart, address: str, **headers: str) -> httpx.Response:
    sent = {"Authorization": f"Bearer {apart.token}", "Accept": "application/json", **headers}
    return apart.machines["desk"].call(lambda: httpx.get(address, headers=sent, timeout=30, trust_env=False))


def _rows(apart: Apart) -> dict[str, list[str]]:
    found = _get(apart, f"{apart.publisher}/rows").json()["rows"]
    assert isinstance(found, dict)
    return found


def _post(apart: Apart, name: str, *, manifest: str = "") -> httpx.Response:
    """A document that every row has a part of, to the manifest row, by default where it is published."""
    address = manifest or _rows(apart)["manifest"][0]
    content = PAIR.replace('name="pair"', f'name="{name}"').encode()
    sent = {"Authorization": f"Bearer {apart.token}", "Content-Type": "application/xml", "Accept": "application/json"}
    return apart.machines["desk"].call(
        lambda: httpx.post(f"{address}/manifest/", content=content, headers=sent, timeout=60, trust_env=False)
    )


def _offers(apart: Apart) -> bool:
    address = _rows(apart)["service"][0]
    return bool(_get(apart, f"{address}/provider/?view=offers").json()["offers"])


def _deployed(apart: Apart, name: str) -> None:
    until(lambda: _offers(apart), apart.logs)
    apart.told("up", MANIFEST, "--agreement", AGREEMENT, "--name", name)


def _made(apart: Apart) -> list[tuple[str, str]]:
    """What the cloud made: kind and token."""

    def look() -> list[tuple[str, str]]:
        cloud = RemoteFake("paris", str(PROVIDERS["paris"]["url"]))
        try:
            return [(each.kind.value, each.token) for each in cloud.made()]
        finally:
            cloud.close()

    return apart.machines["worker"].call(look)


def test_each_row_is_published_at_the_address_of_its_machine(apart: Apart) -> None:
    assert _rows(apart) == {
        row.name: [f"http://{apart.machines[row.name].address}:{8086 + row.offset}"] for row in ROWS
    }


def test_a_row_that_is_down_is_named_with_when_to_try_again_and_the_same_request_completes(apart: Apart) -> None:
    apart.kill("node")
    answer = _post(apart, "down")
    assert (answer.status_code, answer.json()["row"]) == (503, "node")
    assert int(answer.headers["Retry-After"]) > 0
    apart.start("node")
    until(lambda: _post(apart, "down").status_code == 201, apart.logs)


def test_the_demo_passes_while_one_row_after_the_other_is_killed(apart: Apart) -> None:
    _deployed(apart, "killed")
    for name in ("worker", "agent", *(row.name for row in ROWS)):
        apart.kill(name)
        apart.start(name)
    until(lambda: apart.state("killed") == "active", lambda: f"{apart.state('killed')}\n{apart.logs()}")
    made = _made(apart)
    assert len(made) == len(set(made)), "everything is made once"
    computes = f"http://{apart.machines['cloud'].address}:8096/compute/"
    until(lambda: len(_get(apart, computes).json().get("resources", [])) == 2, apart.logs)
    apart.told("release", "killed", "--volumes", "--yes", "killed", "--wait")


def test_a_row_that_moved_to_another_machine_is_found_there_at_once(apart: Apart) -> None:
    apart.add("spare")
    apart.kill("node")
    apart.start("node", on="spare")
    moved = f"http://{apart.machines['spare'].address}:8094"
    until(lambda: _rows(apart).get("node", [""])[0] == moved, apart.logs)
    assert _post(apart, "moved").status_code == 201


def test_while_the_publisher_is_away_the_rows_still_find_each_other(apart: Apart) -> None:
    address = _rows(apart)["manifest"][0]
    apart.kill("publisher")
    answer = _post(apart, "away", manifest=address)
    assert answer.status_code == 201, answer.text
    apart.start("publisher")
    until(lambda: set(_rows_or_none(apart)) == {row.name for row in ROWS}, apart.logs)


def _rows_or_none(apart: Apart) -> dict[str, list[str]]:
    try:
        return _rows(apart)
    except httpx.TransportError:
        return {}


def test_a_run_that_is_killed_leaves_no_network_behind() -> None:
    code = (
        "from tests.apart.machines import Machine; hub = Machine(1); one = Machine(2, hub)\n"
        "print(hub._holder.pid, one._holder.pid, flush=True); input()"
    )
    root = Path(__file__).parents[2]
    process = subprocess.Popen([sys.executable, "-c", code], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    holders = [Path("/proc", pid.decode(), "ns/net") for pid in process.stdout.readline().split()]
    assert all(namespace.exists() for namespace in holders)
    process.kill()
    process.communicate()
    until(lambda: not any(_is_there(namespace) for namespace in holders), "they end with it")


def _is_there(namespace: Path) -> bool:
    try:
        return bool(namespace.readlink().name)
    except OSError:
        return False
