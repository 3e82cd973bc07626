"""The code of docs/client.md, from its first line to its last, with a broker, worker and stream as processes."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.settings import Settings
from tests.http.brokers import until_listening
from tests.parameters.installation import ACCORDS, PATIENCE, Installation

PAGE = Path(__file__).parents[2] / "docs" / "client.md"


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    here = Installation(tmp_path)
    with (tmp_path / "stream.log").open("wb") as log:
        stream = subprocess.Popen([ACCORDS, "serve", "stream"], env=here.environment, stderr=log)
    try:
        until_listening(here.environment["ACCORDS_HOST"], Settings.model_fields["stream_port"].default)
        token = here.done("token", "ward").strip()
        yield {**here.environment, "ACCORDS_TOKEN": token}
    finally:
        stream.send_signal(signal.SIGTERM)
        stream.wait(PATIENCE)
        here.close()


def test_the_examples_run_one_after_the_other(environment: dict[str, str], tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    script = tmp_path / "examples.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    known = {**environment, "PYTHONPATH": str(Path.cwd())}
    ran = subprocess.run(
        [sys.executable, str(script)], env=known, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    assert ran.returncode == 0, ran.stderr
    for said in ("archive keeps studies", "/node/", "create machine/web", "hello active", "released", "missing 404"):
        assert said in ran.stdout
