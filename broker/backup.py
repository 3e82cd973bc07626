"""A broker in one file: `write` while it runs, `read` where none does.

The archive is a tar of

    about.json       {format, version, installation, rows, keys, sums: {member: sha256}}
    rows/<row>       every row's database that is on this machine, all of one moment; with them what is remembered of
                     clouds that keep no tags, as `libcloud.<provider>`
    keys/<file>      the installation's key, the agents' door's, and the settings; left out when asked

The databases hold the services' passwords in any case, so that the file is its owner's only (0600). What nodes hold,
and the volumes of nodes on this machine, is not in it.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker import __version__, auth, running
from broker.agent import certificate
from broker.errors import Clash, Misconfigured
from broker.services import ROWS
from broker.settings import Settings
from broker.store import copies

FORMAT = 1
KEYS = ("installation.json", certificate.FILE, "accords.yaml")
ABOUT = "about.json"
_UNPACKED = ".restore-"
_CLOUDS = "libcloud"
"""The folder of `providers.libcloud.ledger`, one file a provider (`Settings.provider_options`)."""
_OF_A_CLOUD = re.compile(rf"{_CLOUDS}\.(?P<provider>[a-z0-9-]+)")


@dataclass(frozen=True, slots=True)
class Contents:
    """What an archive holds: rows, and files of keys, by name."""

    rows: tuple[str, ...]
    keys: tuple[str, ...]


def write(settings: Settings, to: Path, *, keys: bool = True) -> Contents:
    """Everything of the broker on this home, as it is at one moment. Nothing is left at `to` when it fails."""
    databases = {row: file for row, file in _databases(settings).items() if file.exists()}
    if not databases:
        raise Misconfigured(f"no broker was ever started on {settings.home}", hint="set ACCORDS_HOME to its home")
    kept = tuple(name for name in KEYS if keys and (settings.home / name).exists())
    with tempfile.TemporaryDirectory(dir=to.parent, prefix=".backup-") as folder:  # made 0700
        members = {f"keys/{name}": settings.home / name for name in kept}
        with copies.moment(databases) as readers:
            for row, reader in readers.items():
                members[f"rows/{row}"] = Path(folder, row)
                copies.copy(reader, members[f"rows/{row}"])
        about = Path(folder, ABOUT)
        about.write_text(json.dumps(_about(settings, tuple(databases), kept, members)), encoding="utf-8")
        _pack(Path(folder, "archive"), {ABOUT: about, **members}).replace(to)
    return Contents(tuple(databases), kept)


def read(settings: Settings, archive: Path) -> Contents:
    """Bring the archive's broker into this home, which has no databases yet: all of it, or nothing that would start.

    Clash while a broker runs there or has databases there, or when the archive is of another installation than the
    home's. Keys and settings that are there stay.
    """
    with running.alone(settings.home), _unpacked(settings.home, archive) as (folder, about):
        contents = Contents(tuple(about["rows"]), tuple(about["keys"]))
        known = {**_databases(settings), **_remembered(settings.home, contents.rows)}
        places = {f"rows/{row}": file for row, file in known.items() if row in contents.rows}
        keys = {f"keys/{name}": settings.home / name for name in contents.keys if not (settings.home / name).exists()}
        mark = settings.home / running.MARK
        if not mark.exists():
            _refuse_what_is_there(settings, about["installation"], places.values())
        for row in contents.rows:
            copies.write_ahead(folder / "rows" / row)
        mark.touch()
        for member, place in {**keys, **places}.items():
            _put(folder / member, place)
        mark.unlink()
    return contents


def _about(
    settings: Settings, rows: tuple[str, ...], keys: tuple[str, ...], members: Mapping[str, Path]
) -> dict[str, object]:
    return {
        "format": FORMAT,
        "version": __version__,
        "installation": auth.installation(settings).id,
        "rows": rows,
        "keys": keys,
        "sums": {name: _sum(path) for name, path in members.items()},
    }


def _databases(settings: Settings) -> dict[str, Path]:
    rows = {row.name: copies.file_of(settings.database.format(home=settings.home, row=row.name)) for row in ROWS}
    clouds = [f"{_CLOUDS}.{path.stem}" for path in settings.home.glob(f"{_CLOUDS}/*.sqlite")]
    return {**rows, **_remembered(settings.home, clouds)}


def _remembered(home: Path, names: Iterable[str]) -> dict[str, Path]:
    """Where what is remembered of these providers is; names of rows are none of them."""
    found = filter(None, map(_OF_A_CLOUD.fullmatch, names))
    return {each[0]: home / _CLOUDS / f"{each['provider']}.sqlite" for each in found}


def _pack(to: Path, members: Mapping[str, Path]) -> Path:
    to.touch(mode=0o600)
    with tarfile.open(to, "w") as packed:
        for name, path in members.items():
            packed.add(path, name, recursive=False, filter=_nobodys)
    _settle(to)
    return to


def _nobodys(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


@contextmanager
def _unpacked(home: Path, archive: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The archive's files beside where they belong, whole and as they were written, and what it says of itself."""
    for left in home.glob(f"{_UNPACKED}*"):  # of one that was killed; nobody else is at it now
        shutil.rmtree(left)
    with tempfile.TemporaryDirectory(dir=home, prefix=_UNPACKED) as found:
        folder = Path(found)
        try:
            with tarfile.open(archive) as packed:
                _unpack(packed, folder)
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            broken = about["format"] != FORMAT or [n for n, s in about["sums"].items() if _sum(folder / n) != s]
        except (tarfile.TarError, KeyError, ValueError, FileNotFoundError) as error:
            if not archive.exists():
                raise
            raise _no_archive(archive) from error
        if broken or not all(copies.whole(folder / "rows" / row) for row in about["rows"]):
            raise _no_archive(archive)
        yield folder, about


def _unpack(packed: tarfile.TarFile, folder: Path) -> None:
    """Files only, and only below the folder: an archive may be anybody's. (`extractall` can say so from 3.11.4 on.)"""
    for member in packed:
        to = folder / member.name
        if not member.isfile() or not to.resolve().is_relative_to(folder.resolve()):
            raise tarfile.ExtractError(f"{member.name} is no file below the archive")
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        content = packed.extractfile(member)
        to.touch(mode=0o600, exist_ok=False)
        with to.open("wb") as file:
            shutil.copyfileobj(content or io.BytesIO(), file)


def _no_archive(archive: Path) -> Misconfigured:
    return Misconfigured(f"{archive} is no whole archive of `accords backup`", hint="nothing was changed; try another")


def _refuse_what_is_there(settings: Settings, installation: str, places: Iterable[Path]) -> None:
    if there := [path for path in places if path.exists()]:
        message = f"there is a broker's database already: {there[0]}"
        raise Clash(message, hint="restore to a home without one, or move it away first", code="restore.there")
    own = settings.home / "installation.json"
    if own.exists() and auth.installation(settings).id != installation:
        raise Clash(
            f"the archive is of another installation than {own}",
            hint="restore to an empty home, or put that installation's files there",
            code="restore.installation",
        )


def _put(file: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
    file.chmod(0o600)
    _settle(file)
    for left in (f"{place.name}-wal", f"{place.name}-shm"):  # of a database that is no more: it would be read into ours
        with suppress(FileNotFoundError):
            place.with_name(left).unlink()
    shutil.move(file, place)


def _settle(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
