"""Plans of repairs, as values: what is gone comes back, nobody else is touched, everything is in order."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from broker.offers import offer_of
from manifests import Plan, Ref, Wrong, losses, node_of, place, plan, refs, repair
from manifests.offers import USUAL_ABILITIES
from providers.fake import Fake, Knobs
from tests.operations.stage import manifest_of


def _deploy(**offered: object) -> Plan:
    known = [offer_of("paris", "fake", each, 0) for each in Fake("paris", Knobs()).offers(deadline=5)]
    offers = [replace(each, **offered) for each in known]  # type: ignore[arg-type]  # fields of an Offer
    placed = place(manifest_of(), offers, now=0, max_age=1, providers=("paris",))
    found = plan(manifest_of(), placed.placements).plan
    assert found is not None
    return found


DEPLOY = _deploy()
MADE = {step.id: {"id": f"{step.id}#1", "value": "secret:1", "hostname": "h"} for step in DEPLOY.steps}
CREATED = [step.id for step in DEPLOY.steps if step.verb == "create"]
MACHINES = [step for step in CREATED if step.endswith(".machine")]
WRONG = st.builds(
    Wrong,
    gone=st.frozensets(st.sampled_from(CREATED)),
    turn=st.dictionaries(st.sampled_from(MACHINES), st.sampled_from(["start", "stop"])),
    resized=st.frozensets(st.sampled_from(MACHINES)),
    resting=st.dictionaries(st.sampled_from(MACHINES), st.just("stop")),
    retagged=st.frozensets(st.sampled_from(CREATED)),
)


@given(WRONG)
def test_whatever_differs_the_plan_is_whole_and_in_order(wrong: Wrong) -> None:
    """Each step comes after all that it needs, and knows everything that it refers to."""
    seen: set[str] = set()
    for step in repair(DEPLOY, MADE, wrong).steps:
        assert set(step.needs) <= seen
        assert {ref.step for ref in refs(step.inputs)} <= seen
        seen.add(step.id)


@given(WRONG)
def test_everything_that_is_gone_is_made_anew_and_nothing_that_does_not_name_it(wrong: Wrong) -> None:
    made = {step.id for step in repair(DEPLOY, MADE, wrong).steps if step.verb == "create"}
    assert wrong.gone <= made
    for id in made - wrong.gone:
        assert {ref.step for ref in refs(DEPLOY.step(id).inputs)} & made


@given(WRONG)
def test_what_is_made_anew_was_given_up_before_unless_it_holds_data(wrong: Wrong) -> None:
    for step in repair(DEPLOY, MADE, wrong).steps:
        if step.verb == "create":
            volume = step.subject.startswith("volume/")
            assert (f"{step.id}.discard" in step.needs) == (not volume)
        if step.verb == "discard":
            assert step.inputs["kind"] != "volume"


@given(WRONG)
def test_a_machine_that_is_there_and_has_to_go_is_told_before(wrong: Wrong) -> None:
    discarded = {
        step.id.removesuffix(".discard") for step in repair(DEPLOY, MADE, wrong).steps if step.verb == "discard"
    }
    taken = [id for id in discarded - wrong.gone if id.endswith(".machine")]
    assert all(any(DEPLOY.step(id).subject in loss for loss in losses(DEPLOY, MADE, wrong)) for id in taken)


@given(st.frozensets(st.sampled_from(MACHINES), min_size=1))
def test_nobody_is_told_anything_that_neither_is_new_nor_uses_what_is(gone: frozenset[str]) -> None:
    nodes = {node_of(id) for id in gone}
    for step in repair(DEPLOY, MADE, Wrong(gone=gone)).steps:
        if node_of(step.id) not in nodes:
            assert step.verb in ("configure", "run", "ready")


@given(WRONG)
def test_what_is_there_and_lost_its_tags_gets_them_back_and_what_is_made_anew_has_them(wrong: Wrong) -> None:
    steps = repair(DEPLOY, MADE, wrong).steps
    made = {step.id for step in steps if step.verb == "create"}
    assert {step.id.removesuffix(".retag") for step in steps if step.verb == "retag"} == wrong.retagged - made


def test_what_differs_in_nothing_needs_no_plan() -> None:
    assert repair(DEPLOY, MADE, Wrong()).steps == ()


def test_a_machine_that_is_made_anew_mounts_the_volume_that_it_had_before_it_is_told_anything_else() -> None:
    deploy = _deploy(delivery="home", abilities=(*USUAL_ABILITIES, "devices"))
    made = {step.id: {"id": f"{step.id}#1"} for step in deploy.steps}
    found = repair(deploy, made, Wrong(gone=frozenset({"db.0.machine"})))
    mount = found.step("db.0.mount.data")
    assert mount.inputs["volume"] == "db.0.volume.data#1"
    assert mount.inputs["devices"] == Ref("db.0.machine", "devices")
    assert [step.id for step in found.steps if "db.0.mount.data" in step.needs] == ["db.0.install.postgresql"]
