"""A node with an SSH key, at every cloud: a key of the cloud's own where it knows them, user-data elsewhere."""

from __future__ import annotations

import base64
from dataclasses import replace

from broker.offers import offer_of
from manifests import Plan, place, plan
from providers.protocol import Ability, Kind
from tests.drift.place import Place
from tests.operations.stage import XMLNS, manifest_of

KEYED = f"""<manifest xmlns="{XMLNS}" name="keyed" key="ops">
  <node name="web"><infrastructure name="i"><compute name="c" cores="1" memory="512M"/><network name="n"/>
  </infrastructure><image name="im"><system name="linux"/></image></node><configuration name="c"/>
</manifest>"""
# An RSA key, which every cloud takes: of 2048 bits, and nobody has the other half.
_PARTS = (b"ssh-rsa", b"\x01\x00\x01", b"\x00" + ((1 << 2047) + 12345678901234567).to_bytes(256, "big"))
_BYTES = b"".join(len(each).to_bytes(4, "big") + each for each in _PARTS)
PUBLIC = f"ssh-rsa {base64.b64encode(_BYTES).decode()} ann@ward"


def planned(site: Place) -> Plan:
    now = site.stage.store.now()
    found = site.site.provider.offers(deadline=30)
    offers = [offer_of("paris", site.site.provider.driver, each, now) for each in found]
    offers = [replace(each, delivery="none") for each in offers]  # nothing in the nodes could call here
    manifest = manifest_of(KEYED)
    placed = place(manifest, offers, now=now, max_age=60_000_000, providers=("paris",))
    made = plan(manifest, placed.placements, {"ops": PUBLIC})
    assert made.plan is not None, (placed.diagnostics, made.diagnostics)
    return made.plan


def test_a_node_is_made_with_its_key_and_the_key_goes_with_the_service(place: Place) -> None:
    place.needs("key")
    place.release()
    stage, provider = place.stage, place.site.provider
    place.service = stage._submit("keyed", planned(place))
    stage.work()
    assert place.state() == "active", stage.service(place.service).error
    ours = {"accords-installation": stage.installation}
    keys = provider.list(ours, kinds=frozenset({Kind.KEY}), deadline=20)
    knows = any(Ability.KEYS in each.abilities for each in provider.offers(deadline=30))
    assert [each.tags["accords-step"] for each in keys] == (["paris.key.ops"] if knows else [])
    place.look_until({})
    place.release()
