"""The user-data: what it brings, that it fits, and that a machine's own shell puts it where it belongs."""

from __future__ import annotations

import ast
import gzip
import json
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from broker.agent import certificate, node, userdata
from broker.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def rendered(settings: Settings) -> str:
    environment = {"contract": "urn:uuid:" + "0" * 36, "account": "a" * 60}
    return userdata.render(settings, node="n" * 60, token="t" * 64, environment=environment)


def test_it_fits_where_every_cloud_takes_it(settings: Settings) -> None:
    assert len(rendered(settings).encode()) < userdata.LIMIT
    assert len(gzip.compress(userdata.compact().encode(), 9)) < 9 * 1024


def test_it_reads_back(settings: Settings) -> None:
    found = userdata.parse(rendered(settings))
    assert found.agent == userdata.compact()
    assert found.config["certificate"] == certificate.pinned(settings)
    assert (found.config["address"], found.config["port"]) == ("10.198.0.1", 8286)
    assert found.config["environment"] == {
        "publisher": "http://127.0.0.1:8086",
        "contract": "urn:uuid:" + "0" * 36,
        "account": "a" * 60,
    }


def test_it_holds_no_private_key(settings: Settings) -> None:
    assert "PRIVATE" not in rendered(settings)


@pytest.mark.parametrize("other", ["", "#cloud-config\n", "#!/bin/sh\n", "#cloud-config\nbootcmd: [ls]\n", "- a\n"])
def test_user_data_of_others_is_told_apart(other: str) -> None:
    with pytest.raises(ValueError, match="does not bring"):
        userdata.parse(other)


def test_one_module_of_cloud_init_is_used(settings: Settings) -> None:
    text = rendered(settings)
    assert text.startswith("#cloud-config\n")
    assert list(yaml.safe_load(text)) == ["bootcmd"]


def boot(settings: Settings, root: Path) -> list[str]:
    """What the machine's shell does with it, below a folder; the calls of systemctl."""
    script = yaml.safe_load(rendered(settings))["bootcmd"][0]
    script = re.sub(r"(?<![\w/])/(usr/local/lib/accords|etc)", rf"{root}/\1", script)
    (root / "etc/systemd/system").mkdir(parents=True, exist_ok=True)
    calls = root / "calls"
    calls.write_text("")
    stub = f'systemctl() {{ echo "$@" >>{calls}; }}\n'
    shell = shutil.which("dash") or "/bin/sh"
    subprocess.run([shell, "-eu", "-c", stub + script], check=True)
    return calls.read_text().splitlines()


def test_a_machines_shell_puts_it_in_place_and_starts_it_without_waiting(settings: Settings, tmp_path: Path) -> None:
    calls = boot(settings, tmp_path)
    assert calls == ["enable accords-agent.service", "--no-block restart accords-agent.service"]
    assert (tmp_path / "usr/local/lib/accords/agent.py").read_text() == userdata.compact()
    config = tmp_path / "etc/accords-agent.json"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert json.loads(config.read_text())["token"] == "t" * 64
    unit = (tmp_path / "etc/systemd/system/accords-agent.service").read_text()
    assert "Restart=always" in unit
    assert "KillMode=process" in unit


def test_the_next_boot_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    boot(settings, tmp_path)
    assert boot(settings, tmp_path) == []


def test_what_is_sent_is_the_agent_without_comments_in_the_grammar_of_python_3_7() -> None:
    sent = ast.parse(userdata.compact(), feature_version=(3, 7))
    full = ast.parse(Path(node.__file__).read_text())
    names = [[found.name for found in ast.walk(tree) if isinstance(found, ast.FunctionDef)] for tree in (sent, full)]
    assert names[0] == names[1]


def test_the_agent_imports_the_standard_library_only() -> None:
    import sys

    tree = ast.parse(userdata.compact())
    named = {
        alias.name.split(".")[0] for found in ast.walk(tree) if isinstance(found, ast.Import) for alias in found.names
    }
    named |= {str(found.module).split(".")[0] for found in ast.walk(tree) if isinstance(found, ast.ImportFrom)}
    assert named <= sys.stdlib_module_names
