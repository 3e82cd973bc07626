"""Tokens and the installation's key."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from broker import auth
from broker.auth import Principal, Role, Verifier
from broker.errors import Forbidden, Unauthenticated
from broker.settings import Settings

KEY = "a-key-that-is-long-enough-to-sign-with"
ANN = Principal("ann", "acme", Role.USER)


def test_a_token_gives_back_who_it_was_issued_for() -> None:
    assert auth.verify(KEY, auth.issue(KEY, ANN)) == ANN


@pytest.mark.parametrize("text", ["", "x", "é", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."])
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(Unauthenticated):
        auth.verify(KEY, text)


def test_a_token_without_an_account_is_refused() -> None:
    import jwt

    with pytest.raises(Unauthenticated):
        auth.verify(KEY, jwt.encode({"sub": "ann", "role": "admin"}, KEY, algorithm="HS256"))


def test_a_remembered_token_is_checked_again_past_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 4_000_000_000_000_000  # far ahead of this machine's clock, which the token's own check uses
    clock = iter([now, now + 11_000_000])
    token = auth.issue(KEY, ANN, expires=now + 10_000_000)
    verify = Verifier(KEY, now=lambda: next(clock))
    checks = []
    monkeypatch.setattr(auth, "verify", lambda key, text: checks.append(text) or ANN)
    for _ in range(3):
        verify(token)
    assert checks == [token, token]  # the first time, and the third: the clock had passed its end


def test_only_servers_and_workers_act_for_others() -> None:
    assert Principal("w", "platform", Role.WORKER).acting_for("acme") == "acme"
    assert ANN.acting_for(None) == "acme"
    for role in (Role.USER, Role.ADMIN):
        with pytest.raises(Forbidden):
            Principal("ann", "acme", role).acting_for("other")


def test_the_installation_is_made_once_and_is_private(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: auth.installation(settings), range(8)))
    assert len({each.id for each in found}) == 1
    assert stat.S_IMODE((settings.home / "installation.json").stat().st_mode) == 0o600
    assert sorted(path.name for path in settings.home.iterdir()) == ["installation.json"]
    assert not auth.installation(settings).new


def test_the_key_is_not_in_what_is_printed() -> None:
    assert "secret-key" not in repr(auth.Installation("id", "secret-key"))
