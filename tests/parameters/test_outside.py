"""Nodes that are outside: what is known of them reaches others, and nobody touches them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from manifests import Manifest, Offer, Plan, Reading, place, plan, read

HOSPITAL = """<node name="hospital" provider="external" address="10.1.2.3" aetitle="HOSPITAL">
  <infrastructure><network name="ris"><port name="dicom" from="104" to="104"/></network></infrastructure>{}
</node>"""
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\nAQ==\n-----END CERTIFICATE-----\n"


def reading(inside: str) -> Reading:
    return read(f'<manifest name="m">{inside}</manifest>'.encode())


def document(found: Reading) -> Manifest:
    assert isinstance(found.document, Manifest), [str(one) for one in found.diagnostics]
    return found.document


def act(expression: str) -> str:
    return f'<node name="router"/><configuration><action expression="{expression}"/></configuration>'


def codes(found: Reading) -> list[str]:
    return [one.code for one in found.diagnostics]


@pytest.fixture
def planned(local: Offer) -> Callable[[Manifest], Plan]:
    def make(manifest: Manifest) -> Plan:
        placed = place(manifest, [local], now=0, max_age=1, providers=["local"])
        made = plan(manifest, placed.placements)
        assert made.plan, [str(d) for d in (*placed.diagnostics, *made.diagnostics)]
        return made.plan

    return make


@pytest.fixture
def local() -> Offer:
    from manifests import OfferedImage, Size

    sizes, images = (Size(None, 8, 2**34, 10**11),), (OfferedImage("debian", "debian", "debian", "12"),)
    return Offer(
        "local",
        "local",
        "here",
        sizes,
        images,
        0,
        flexible=True,
        abilities=("firewalls", "packages", "volumes"),
    )


def test_its_properties_reach_others_as_they_are_written(planned: Callable[[Manifest], Plan]) -> None:
    told = "router.configure(hospital.address, hospital.hostname, hospital.port, hospital.aetitle);"
    steps = planned(document(reading(HOSPITAL.format("") + act(told)))).steps
    values = {step.inputs["symbol"]: step.inputs["value"] for step in steps if step.verb == "configure"}
    assert values == {
        "hospital_address": "10.1.2.3",
        "hospital_hostname": "10.1.2.3",
        "hospital_port": "104",
        "hospital_aetitle": "HOSPITAL",
    }


def test_it_is_neither_placed_nor_made_and_nobody_waits_for_it(planned: Callable[[Manifest], Plan]) -> None:
    made = planned(document(reading(HOSPITAL.format("") + act("router.configure(hospital.address);"))))
    assert [each.node for each in made.placements] == ["router"]
    assert not [step.id for step in made.steps if "hospital" in (step.subject, *step.needs)]
    assert made.outside == {
        "hospital": {"address": "10.1.2.3", "hostname": "10.1.2.3", "port": "104", "aetitle": "HOSPITAL"}
    }


def test_its_certificate_is_told_as_pem_and_stays_out_of_what_is_shown(planned: Callable[[Manifest], Plan]) -> None:
    with_one = HOSPITAL.format(f"<certificate>\n   {CERTIFICATE}</certificate>")
    made = planned(document(reading(with_one + act("router.configure(hospital.certificate);"))))
    assert made.step("router.0.configure.hospital.certificate").inputs["value"] == CERTIFICATE
    assert "certificate" not in made.outside["hospital"]


def test_a_port_that_lets_it_in_lets_in_its_address(planned: Callable[[Manifest], Plan]) -> None:
    router = '<node name="router"><infrastructure><network name="n">{}</network></infrastructure></node>'
    port = '<port name="p" from="4242" to="4242" range="hospital"/>'
    rules = (
        planned(document(reading(HOSPITAL.format("") + router.format(port)))).step("router.0.firewall").inputs["rules"]
    )
    assert rules == ({"protocol": "tcp", "from": 4242, "to": 4242, "source": "10.1.2.3/32"},)


def test_a_host_name_in_a_firewall_is_refused() -> None:
    router = '<node name="r"><infrastructure><network><port name="p" range="o"/></network></infrastructure></node>'
    found = reading('<node name="o" provider="external" address="pacs.example.org"/>' + router)
    assert codes(found) == ["port-source"]


def test_it_is_asked_from_outside_by_its_address(planned: Callable[[Manifest], Plan]) -> None:
    made = planned(document(reading(HOSPITAL.format("") + act("hospital.monitor(slam.dicom:echo, 'HOSPITAL@104');"))))
    step = made.step("hospital.0.monitor.dicom:echo@HOSPITAL@104")
    assert step.inputs == {"metric": "dicom:echo", "location": "HOSPITAL@104", "address": "10.1.2.3"}
    assert step.needs == ()


@pytest.mark.parametrize(
    "said", ["system('reboot');", "configure(router.address);", "kill('x');", "fork('x');", "name = 'x';"]
)
def test_nothing_is_told_to_it(said: str) -> None:
    assert codes(reading(HOSPITAL.format("") + act(f"hospital.{said}"))) == ["outside-target"]


@pytest.mark.parametrize(
    ("property_", "hint"),
    [("password", "known: "), ("aetitel", "did you mean 'aetitle'?"), ("certificate", "<certificate>")],
)
def test_a_property_that_it_does_not_have_is_said_with_what_helps(property_: str, hint: str) -> None:
    found = reading(HOSPITAL.format("") + act(f"router.configure(hospital.{property_});"))
    assert codes(found) == ["action-property"]
    assert hint in found.diagnostics[0].hint


@pytest.mark.parametrize(
    ("node", "code"),
    [
        ('<node name="o" provider="external"/>', "outside-address"),
        ('<node name="o" provider="external" address="10.1.2"/>', "bad-value"),
        ('<node name="o" provider="external" address="two words"/>', "bad-value"),
        ('<node name="o" provider="external" address="::1" aetitle="SEVENTEEN_LETTERS"/>', "bad-value"),
        ('<node name="o" provider="external" address="::1" certificate="none"/>', "bad-value"),
        (
            '<node name="o" provider="external" address="::1"><image><system name="linux"/></image></node>',
            "outside-part",
        ),
        ('<node name="o" address="10.1.2.3"/>', "outside-part"),
        ('<node name="o" aetitle="PACS"/>', "outside-part"),
    ],
)
def test_what_it_says_of_itself_is_checked(node: str, code: str) -> None:
    assert codes(reading(node))[-1] == code


def test_an_address_may_be_an_ip_address_of_either_kind_or_a_host_name() -> None:
    for address in ("10.1.2.3", "2001:db8::1", "pacs.example.org"):
        node = document(reading(f'<node name="o" provider="external" address="{address}"/>')).nodes[0]
        assert node.address == address
