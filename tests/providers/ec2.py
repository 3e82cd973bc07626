"""Two servers of others that speak EC2's Query API on loopback: moto behind the lab's shim, and ministack. Not a test.

Their programs clash with what we pin, so they are in an environment of their own, made once with pip. The shim is the
lab's, beside this project; it is not copied.
"""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from providers.ec2 import open_ec2
from providers.ec2.driver import Ec2
from tests.providers.lab import Missing

PROGRAMS = ("moto[ec2,server]==5.2.5", "ministack==1.5.33")
HOME = Path(os.environ.get("ACCORDS_TEST_EC2", "/var/tmp/accords-test-ec2"))  # noqa: S108 - made once, then kept
SHIM = Path(__file__).parents[3] / "shared" / "labs" / "ec2" / "moto_faithful.py"
PATIENCE = 60.0
REGION = "us-east-1"
IMAGES = {"moto": "ami-760aaa0f", "ministack": "ami-0abcdef1234567890"}
"""An image that each of them has."""
STRICT = {
    "MOTO_ENABLE_AMI_VALIDATION": "1",
    "MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION": "1",
    "MOTO_ENABLE_KEYPAIR_VALIDATION": "1",
}
"""moto takes any image, type and key without."""


def options(port: int, image: str, **more: object) -> dict[str, object]:
    """What opens the driver at one of them. It takes any credential."""
    given = {"region": REGION, "endpoint": f"http://127.0.0.1:{port}", "key": "suite", "secret": "suite"}
    return {**given, "images": {"linux": image}, "sizes": ["t3.micro", "t3.small", "t3.medium"], **more}


def opened(**options: object) -> Ec2:
    """The driver itself."""
    found = open_ec2("ec2", **options)
    assert isinstance(found, Ec2)
    return found


@contextmanager
def moto(folder: Path) -> Iterator[int]:
    """Its port."""
    if not SHIM.is_file():
        raise Missing(f"moto's shim is not at {SHIM}")
    with _listening([_bin("python"), str(SHIM), "{port}"], STRICT, folder / "moto.log") as port:
        yield port


@contextmanager
def ministack(folder: Path) -> Iterator[int]:
    """Its port. By default it would listen on all addresses."""
    told = {"SERVICES": "ec2", "IOT_MTLS_ENABLED": "0", "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": "{port}"}
    with _listening([_bin("ministack")], told, folder / "ministack.log") as port:
        yield port


def _bin(program: str) -> str:
    """A program of the environment, which is made where it is not there."""
    HOME.parent.mkdir(parents=True, exist_ok=True)
    with HOME.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done, wanted = HOME / "programs", "\n".join(PROGRAMS)
        if not done.is_file() or done.read_text() != wanted:
            _install()
            done.write_text(wanted)
    return str(HOME / "bin" / program)


def _install() -> None:
    commands: Sequence[Sequence[str]] = (
        (sys.executable, "-m", "venv", str(HOME)),
        (str(HOME / "bin" / "pip"), "install", "--quiet", *PROGRAMS),
    )
    for command in commands:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
        if ran.returncode:
            raise Missing(f"{' '.join(command)}: {ran.stderr[-300:]}")


@contextmanager
def _listening(command: Sequence[str], told: Mapping[str, str], log: Path) -> Iterator[int]:
    port = _free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ACCORDS_"))}
    environment |= {name: value.format(port=port) for name, value in told.items()}
    words = [word.format(port=port) for word in command]
    with log.open("w") as said, subprocess.Popen(words, env=environment, stdout=said, stderr=said) as process:
        try:
            _await(process, port, log)
            yield port
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Until it answers: one that listens may not be ready yet, and lose what it is asked."""
    ends = time.monotonic() + PATIENCE
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > ends:
            raise Missing(f"{log.stem} does not come up: {log.read_text()[-300:]}")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/", timeout=1.0).status_code > 0
    except httpx.TransportError:
        return False


SERVERS: Mapping[str, Callable[[Path], AbstractContextManager[int]]] = {"moto": moto, "ministack": ministack}
BEYOND: Mapping[str, Mapping[str, str]] = {
    "ministack": {
        "test_a_public_key_is_made_found_and_given_back": "keeps no tags of key pairs",
        "test_a_machine_is_made_with_a_key": "keeps no tags of key pairs",
        "test_a_network_has_more_than_one_subnet": "has no AssociateVpcCidrBlock",
        "test_a_machine_gets_another_size": "has no ModifyInstanceAttribute",
        "test_a_machine_has_a_console": "has no GetConsoleOutput",
        "test_a_snapshot_is_an_image_that_a_later_machine_can_name": "has no CreateImage",
        "test_what_a_machine_uses_is_kept_until_it_is_gone": "shows no attached volume at its machine",
        "test_a_machine_says_what_each_of_its_volumes_is_seen_as": "shows no attached volume at its machine",
    }
}
"""What EC2 has and a server has not: server -> test -> why. The other server has it."""
