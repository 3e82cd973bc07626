"""What was made is given back, in the order that harms least; what was not made is not asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from manifests import Manifest, Offer, Plan, act, place, plan, release

Example = Callable[[str], Manifest]
Planned = Callable[[Manifest], Plan]


@pytest.fixture
def deploy(example: Example, planned: Planned) -> Plan:
    return planned(example("pacs.xml"))


def made(plan: Plan, *without: str) -> dict[str, Mapping[str, object] | None]:
    return {s.id: {"id": f"id-of-{s.id}", "value": "secret:1"} for s in plan.steps if s.id not in without}


def test_instructions_come_first_then_users_before_what_they_use_and_networks_last(deploy: Plan) -> None:
    listing = release(deploy, made(deploy)).listing()
    assert listing == (
        "pacs.0.release.0 = run pacs or go on\n"
        "pacs.0.machine.delete = delete machine/pacs.0 on local after pacs.0.release.0\n"
        "pacs-db.0.machine.delete = delete machine/pacs-db.0 on local after pacs.0.machine.delete\n"
        "pacs-db.0.firewall.delete = delete firewall/pacs-db.0 on local after pacs-db.0.machine.delete\n"
        "pacs-db.0.secret.password.forget = forget secret/pacs-db.password after pacs-db.0.machine.delete, "
        "pacs.0.machine.delete\n"
        "pacs.0.firewall.delete = delete firewall/pacs.0 on local after pacs.0.machine.delete\n"
        "local.lan.delete = delete network/lan on local after pacs-db.0.firewall.delete, pacs-db.0.machine.delete, "
        "pacs.0.firewall.delete, pacs.0.machine.delete\n"
        "pacs.0.secret.password.forget = forget secret/pacs.password after pacs.0.machine.delete\n"
    )


def test_a_retained_volume_stays_unless_it_is_asked_for(deploy: Plan) -> None:
    step = release(deploy, made(deploy), volumes=True).step("pacs.0.volume.images.delete")
    assert step.inputs == {
        "kind": "volume",
        "id": "id-of-pacs.0.volume.images",
        "token_step": "pacs.0.volume.images",
        "retain": True,
    }
    assert step.needs == ("pacs.0.machine.delete",)


def test_an_intent_without_a_result_is_looked_for_by_its_token(deploy: Plan) -> None:
    plan = release(deploy, {"local.lan": {"id": "n1"}, "pacs.0.machine": None})
    assert [(s.id, s.inputs["id"], s.inputs["token_step"]) for s in plan.steps] == [
        ("pacs.0.machine.delete", None, "pacs.0.machine"),
        ("local.lan.delete", "n1", "local.lan"),
    ]


def test_a_node_whose_agent_never_called_is_told_nothing(deploy: Plan) -> None:
    plan = release(deploy, made(deploy, "pacs.0.agent"))
    assert "pacs.0.release.0" not in {step.id for step in plan.steps}


def test_nothing_made_is_nothing_to_give_back(deploy: Plan) -> None:
    assert release(deploy, {}).steps == ()


def test_start_goes_from_the_sources_and_awaits_each_agent(deploy: Plan) -> None:
    assert act(deploy, made(deploy), "start").listing() == (
        "pacs-db.0.start = start machine/pacs-db.0 on local\n"
        "pacs-db.0.agent = await agent/pacs-db.0 after pacs-db.0.start\n"
        "pacs.0.start = start machine/pacs.0 on local after pacs-db.0.agent\n"
        "pacs.0.agent = await agent/pacs.0 after pacs.0.start\n"
    )


@pytest.mark.parametrize("operation", ["stop", "suspend"])
def test_stop_goes_the_other_way(deploy: Plan, operation: str) -> None:
    plan = act(deploy, made(deploy), operation)
    assert [(s.id, s.needs) for s in plan.steps] == [
        (f"pacs.0.{operation}", ()),
        (f"pacs-db.0.{operation}", (f"pacs.0.{operation}",)),
    ]


def test_one_node_can_be_acted_on_alone(deploy: Plan) -> None:
    plan = act(deploy, made(deploy), "save", ["pacs"])
    assert [(s.id, dict(s.inputs)) for s in plan.steps] == [
        ("pacs.0.save", {"id": "id-of-pacs.0.machine", "name": "pacs-pacs"})
    ]


def test_a_machine_that_is_not_known_is_not_acted_on(deploy: Plan) -> None:
    assert [s.id for s in act(deploy, made(deploy, "pacs.0.machine"), "stop").steps] == ["pacs-db.0.stop"]


def test_a_public_address_goes_after_what_its_node_is_told_and_before_its_machine(
    example: Example, local: Offer
) -> None:
    manifest = example("pacs.xml")
    public = replace(manifest, nodes=tuple(replace(node, access="public") for node in manifest.nodes))
    cloud = replace(local, abilities=(*local.abilities, "addresses"))
    placed = place(public, [cloud], now=0, max_age=1, providers=["local"]).placements
    deploy = plan(public, placed).plan
    assert deploy
    back = release(deploy, made(deploy))
    assert back.step("pacs.0.address.delete").needs == ("pacs.0.release.0",)
    assert back.step("pacs.0.machine.delete").needs == ("pacs.0.address.delete", "pacs.0.release.0")
