"""Settings come from the environment, over a file, over defaults; what cannot work together is refused at the start."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from broker.errors import Misconfigured
from broker.settings import Settings, load

FILE = """\
host: 192.0.2.1
providers:
  paris: {driver: fake, latency: 1}
  lyon: {driver: fake}
"""


@pytest.fixture(autouse=True)
def nothing_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("ACCORDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ACCORDS_HOME", str(tmp_path))


def options(found: Settings) -> dict[str, object]:
    return {name: found.provider_options(name) for name in found.providers}


def test_variables_win_over_the_file_and_the_file_over_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "accords.yaml").write_text(FILE)
    monkeypatch.setenv("ACCORDS_HOST", "192.0.2.9")
    found = load()
    assert (found.host, found.base_port, list(found.providers)) == ("192.0.2.9", 8086, ["paris", "lyon"])


def test_a_nested_variable_changes_one_value_and_keeps_the_order_of_preference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "accords.yaml").write_text(FILE)
    monkeypatch.setenv("ACCORDS_PROVIDERS__LYON__LATENCY", "2.5")
    monkeypatch.setenv("ACCORDS_PROVIDERS__LYON__OPERATOR", "acme")
    monkeypatch.setenv("ACCORDS_PROVIDERS__NICE__DRIVER", "fake")
    lyon = {"latency": 2.5, "operator": "acme"}
    assert options(load()) == {"paris": {"latency": 1}, "lyon": lyon, "nice": {}}
    assert list(load().providers) == ["paris", "lyon", "nice"]


def test_nested_variables_are_over_the_whole_setting_whichever_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORDS_PROVIDERS__PARIS__LATENCY", "2")
    monkeypatch.setenv("ACCORDS_PROVIDERS", '{"paris": {"driver": "fake", "latency": 1}}')
    assert options(load()) == {"paris": {"latency": 2}}


def test_lists_are_json_and_everything_else_is_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORDS_MIRRORS", '["http://192.0.2.7:8086"]')
    monkeypatch.setenv("ACCORDS_TOKEN", "123")
    monkeypatch.setenv("ACCORDS_OCCI_1_1", "true")
    found = load()
    assert (found.mirrors, found.token, found.occi_1_1) == (("http://192.0.2.7:8086",), "123", True)


def test_variables_that_are_no_settings_are_other_peoples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORDS_TEST_CACHE", "/somewhere")
    assert load().home == Path(os.environ["ACCORDS_HOME"])


def test_a_call_that_may_take_as_long_as_the_lease_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACCORDS_LEASE", "20")
    with pytest.raises(Misconfigured, match="call_deadline is 20 s, and must be less than lease, 20 s"):
        load()
    monkeypatch.setenv("ACCORDS_CALL_DEADLINE", "19")
    assert load().lease == 20
