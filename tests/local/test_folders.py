"""A folder of a thing goes whole, whoever else removes it or removed half of it before."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from providers.local.folders import discard


def filled(folder: Path) -> Path:
    for number in range(20):
        (folder / f"{number}").mkdir(parents=True)
        for name in "abcdefghij":
            (folder / f"{number}/{name}").touch()
    return folder


def test_a_folder_that_several_discard_at_once_is_gone_for_each_of_them(tmp_path: Path) -> None:
    for _ in range(10):
        folder, gate = filled(tmp_path / "thing"), threading.Barrier(4)

        def remove(folder: Path = folder, gate: threading.Barrier = gate) -> None:
            gate.wait()
            discard(folder)

        with ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(remove) for _ in range(4)]:
                done.result()
        assert list(tmp_path.iterdir()) == []


def test_what_a_kill_left_half_removed_goes_the_next_time(tmp_path: Path) -> None:
    filled(tmp_path / ".thing")
    filled(tmp_path / "thing")
    discard(tmp_path / "thing")
    assert list(tmp_path.iterdir()) == []
