from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.errors import NotFound, Refused, Unavailable
from providers.local import Local
from providers.local.locks import locked, try_lock
from providers.local.programs import Deadline
from providers.local.records import Records
from providers.local.site import Site
from providers.local.things import Firewall, Machine, Port
from providers.protocol import Attachment, FirewallSpec, Kind, MachineSpec, Rule


def test_what_is_written_comes_back_whole(tmp_path: Path) -> None:
    records = Records(tmp_path)
    spec = MachineSpec(
        "pacs", "pacs", "linux", networks=("n",), volumes=(Attachment("v", "/srv"),), packages=("orthanc",)
    )
    machine = Machine("m", "t", {"a": "b"}, spec, (Port("n", "d", "m", "10.0.0.1"),), layers=("base",))
    firewall = Firewall("f", "t", {}, FirewallSpec("f", (Rule("tcp", 1, 2, "node:x"),)))
    records.put(machine)
    records.put(firewall)
    assert records.get(Machine, "m") == machine
    assert set(map(type, records)) == {Machine, Firewall}
    assert records.all(Firewall) == {"f": firewall}


def test_a_write_that_a_crash_cut_short_is_not_read(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.put(Firewall("f", "t", {}, FirewallSpec("f")))
    (tmp_path / "records/firewall/g.1.part").write_text('{"id": "g"')
    assert list(records.all(Firewall)) == ["f"]


def test_the_last_record_takes_the_folders_with_it(tmp_path: Path) -> None:
    records = Records(tmp_path)
    records.put(Firewall("f", "t", {}, FirewallSpec("f")))
    records.drop(Kind.FIREWALL, "f")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NotFound):
        records.get(Firewall, "f")


def test_an_id_cannot_lead_out_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert not Records(tmp_path / "home").there(Kind.MACHINE, "../../../x")


def test_a_lock_that_another_holds_is_waited_for_until_the_deadline(tmp_path: Path) -> None:
    with locked(tmp_path, Deadline(1)):
        assert try_lock(tmp_path) is None
        with pytest.raises(Unavailable), locked(tmp_path, Deadline(0)):
            pass


def test_an_option_that_is_wrong_is_named() -> None:
    with pytest.raises(Refused, match="prefix"):
        Site.of("local", {"prefix": "toolong"})


def test_a_job_opens_the_very_same_site(site: Site) -> None:
    assert Site.of(site.name, json.loads(site.options)) == site


def test_an_id_that_leads_elsewhere_deletes_nothing(site: Site, tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    provider = Local("local", site)
    site.home.mkdir()
    provider.delete(Kind.MACHINE, "../../precious", deadline=5)
    assert (tmp_path / "precious").is_dir()
    with pytest.raises(NotFound):
        provider.observe(Kind.MACHINE, "../../precious", deadline=5)
