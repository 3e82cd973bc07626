"""A site of the tests' own: its home goes away with the test, its layers are kept so that they are built once."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from providers.local import Local, open_local
from providers.local.cgroups import Layout
from providers.local.host import Host
from providers.local.site import Site
from providers.protocol import Kind

CACHE = Path(os.environ.get("ACCORDS_TEST_CACHE", "/var/tmp/accords-test-layers"))  # noqa: S108 - big, and kept
ORDER = (Kind.MACHINE, Kind.SNAPSHOT, Kind.VOLUME, Kind.FIREWALL, Kind.NETWORK)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site.of("local", {"home": tmp_path / "local"})


@pytest.fixture
def debian() -> Host:
    return Host(
        distribution="debian",
        version="12",
        codename="bookworm",
        title="Debian GNU/Linux 12 (bookworm)",
        architecture="x86_64",
        sources="deb http://mirror.example/debian bookworm main\n",
        resolvers=("192.0.2.53",),
        layout=Layout.HYBRID,
        apparmor=False,
        cores=4,
        memory=8 * 10**9,
    )


@pytest.fixture(scope="module")
def local() -> Iterator[Local]:
    """A real provider with names and addresses of its own. Skipped where LXC cannot run; in CI that is a failure."""
    number = secrets.randbelow(200)
    prefix = "t" + "".join(chr(ord("a") + secrets.randbelow(26)) for _ in range(2))
    home = Path(f"/var/tmp/accords-test-{prefix}")  # noqa: S108 - nodes' root must be able to pass through
    found = open_local(
        "local", home=home, cache=CACHE, prefix=prefix, pool=f"10.{number}.128.0/18", door_address=f"10.198.77.{number}"
    )
    problems = found.check(deadline=20)
    if problems and "CI" not in os.environ:
        pytest.skip("; ".join(f"{problem.what}: {problem.mend}" for problem in problems))
    assert not problems
    try:
        yield found
    finally:
        release(found)
        shutil.rmtree(home, ignore_errors=True)


def release(provider: Local) -> None:
    """Give back all that the provider has, users before what they use."""
    for kind in ORDER:
        for resource in provider.list({}, deadline=30):
            if resource.kind is kind:
                provider.delete(kind, resource.id, deadline=30)
