"""What a request may ask for, and what entity comes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace as changed

import pytest

from broker.occi import checks, kinds
from broker.occi.errors import Denied, Malformed, OcciError, Unfit, Unknown
from broker.occi.model import CORDS, CORE, INFRASTRUCTURE, Attribute, Draft, Entity, Mixin, Type, Value
from broker.occi.registry import Registry
from broker.occi.values import convert

COMPUTE, STORAGE, NETWORK = (f"{INFRASTRUCTURE}{term}" for term in ("compute", "storage", "network"))
TEMPLATES = "http://occi.example.org/templates#"
NewId = Callable[[], str]


@pytest.fixture(scope="module")
def offered() -> Registry:
    """The cloud row with two sizes and two systems, as a provider would add them."""

    def size(term: str, cores: int) -> Mixin:
        cores_of = Attribute("occi.compute.cores", Type.INTEGER, default=cores)
        return Mixin(
            TEMPLATES, term, attributes=(cores_of,), depends=(f"{INFRASTRUCTURE}resource_tpl",), location=f"/{term}/"
        )

    systems = (
        Mixin(TEMPLATES, term, depends=(f"{INFRASTRUCTURE}os_tpl",), location=f"/{term}/") for term in ("a", "b")
    )
    every = (*kinds.categories("core"), *kinds.categories("cloud"), size("small", 1), size("large", 8), *systems)
    return Registry.of(every)


@pytest.mark.occi("TXT-13")
@pytest.mark.parametrize(
    ("attribute", "value", "found"),
    [
        (Attribute("a.b", Type.INTEGER), 2, 2),
        (Attribute("a.b", Type.INTEGER), "2", 2),
        (Attribute("a.b", Type.INTEGER), 2.0, 2),
        (Attribute("a.b", Type.NUMBER), "3.5", 3.5),
        (Attribute("a.b", Type.NUMBER), 8, 8),
        (Attribute("a.b", Type.BOOLEAN), "true", True),
        (Attribute("a.b", Type.ARRAY), '["x"]', ["x"]),
        (Attribute("a.b", Type.OBJECT), {"x": 1}, {"x": 1}),
        (Attribute("a.b", values=("x86", "x64")), "x64", "x64"),
        (Attribute("a.b", pattern="[a-f]+"), "face", "face"),
    ],
)
def test_txt_13_a_value_is_converted_if_it_can_be(attribute: Attribute, value: Value, found: Value) -> None:
    converted = convert(attribute, value)
    assert (converted, type(converted)) == (found, type(found))


@pytest.mark.occi("INF-05")
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        (Attribute("a.b"), 5),
        (Attribute("a.b"), "x\0"),
        (Attribute("a.b", Type.INTEGER), 2.5),
        (Attribute("a.b", Type.INTEGER), True),
        (Attribute("a.b", Type.INTEGER), "two"),
        (Attribute("a.b", Type.INTEGER), 2**63),
        (Attribute("a.b", Type.NUMBER), "9" * 5000),
        (Attribute("a.b", Type.NUMBER), float("inf")),
        (Attribute("a.b", Type.NUMBER, minimum=1), 0.5),
        (Attribute("a.b", Type.INTEGER, maximum=4095), 4096),
        (Attribute("a.b", Type.BOOLEAN), 1),
        (Attribute("a.b", Type.ARRAY), "{}"),
        (Attribute("a.b", Type.OBJECT), "not json"),
        (Attribute("a.b", Type.OBJECT), {"x": "\0"}),
        (Attribute("a.b", Type.ARRAY), "[" * 100 + "]" * 100),
        (Attribute("a.b", values=("x86", "x64")), "arch"),
        (Attribute("a.b", pattern="[a-f]+"), "faces"),
    ],
)
def test_inf_05_a_value_outside_its_definition_is_named(attribute: Attribute, value: Value) -> None:
    with pytest.raises(Malformed, match=r"a\.b"):
        convert(attribute, value)


@pytest.mark.occi("CORE-08")
def test_core_08_a_created_entity_has_defaults_and_the_order_of_definitions(cloud: Registry, new_id: NewId) -> None:
    draft = Draft(kind=COMPUTE, title="t", attributes={"occi.compute.memory": 8, "occi.compute.cores": "2"})
    found = checks.create(cloud, draft, new_id)
    assert (found.id, found.title) == ("00000000-0000-4000-8000-000000000001", "t")
    assert list(found.attributes.items()) == [
        ("occi.compute.cores", 2),
        ("occi.compute.memory", 8),
        ("occi.compute.state", "inactive"),
    ]


@pytest.mark.parametrize(
    ("draft", "error", "named"),
    [
        (Draft(), Malformed, "no kind"),
        (Draft(kind="http://x#y"), Unknown, "http://x#y"),
        (Draft(kind=f"{CORE}entity"), Malformed, "abstract"),
        (Draft(kind=f"{CORE}resource"), Malformed, "abstract"),
        (Draft(kind=STORAGE), Malformed, "occi.storage.size"),
        (Draft(kind=COMPUTE, attributes={"occi.compute.core": 2}), Malformed, "occi.compute.core"),
        (Draft(kind=COMPUTE, attributes={"occi.compute.cores": 0}), Malformed, "at least 1"),
        (Draft(kind=COMPUTE, attributes={"occi.compute.architecture": "arch"}), Malformed, "x86, x64"),
        (Draft(kind=COMPUTE, attributes={"occi.compute.state": "active"}), Denied, "occi.compute.state"),
        (Draft(kind=COMPUTE, mixins=("http://x#y",)), Unknown, "http://x#y"),
        (Draft(kind=NETWORK, mixins=(f"{INFRASTRUCTURE}os_tpl",)), Denied, "os_tpl"),
        (Draft(kind=COMPUTE, source="/compute/1"), Malformed, "source"),
        (Draft(kind=f"{INFRASTRUCTURE}storagelink", source="/x/1"), Malformed, "target"),
        (Draft(kind=f"{INFRASTRUCTURE}storagelink", target="/x/1"), Malformed, "source"),
        (Draft(kind=f"{INFRASTRUCTURE}storagelink", source="/x/1", target="http://x/\r\nEvil: 1"), Malformed, "no URI"),
        (
            Draft(kind=f"{INFRASTRUCTURE}storagelink", source="/x/1", target="/x/2", links=(Draft(),)),
            Malformed,
            "no links",
        ),
        (Draft(kind=COMPUTE, links=(Draft(kind=STORAGE, target="/x/2"),)), OcciError, "source|size"),
    ],
)
def test_a_draft_that_breaks_a_rule_is_refused_with_the_term(
    cloud: Registry, new_id: NewId, draft: Draft, error: type[OcciError], named: str
) -> None:
    with pytest.raises(error, match=named):
        checks.create(cloud, draft, new_id)


@pytest.mark.occi("COL-04")
def test_col_04_a_kind_is_made_at_its_own_location_or_an_ancestors(cloud: Registry, new_id: NewId) -> None:
    draft = Draft(kind=COMPUTE)
    assert checks.create(cloud, draft, new_id, at=cloud.kind(f"{CORE}resource")).kind == COMPUTE
    with pytest.raises(Malformed, match="not made at /storage/"):
        checks.create(cloud, draft, new_id, at=cloud.kind(STORAGE))


@pytest.mark.occi("ENT-11")
@pytest.mark.parametrize(
    ("said", "free", "found"),
    [
        ("996AD860-2a9a-404f-8861-aeafd0b2ae29", True, "996ad860-2a9a-404f-8861-aeafd0b2ae29"),
        ("996ad860-2a9a-404f-8861-aeafd0b2ae29", False, "00000000-0000-4000-8000-000000000001"),
        ("my machine", True, "00000000-0000-4000-8000-000000000001"),
    ],
)
def test_ent_11_a_clients_id_is_adopted_or_ignored_never_an_error(
    cloud: Registry, new_id: NewId, said: str, free: bool, found: str
) -> None:
    draft = checks.identified(Draft(kind=COMPUTE, id=said), lambda kind, id: free, new_id)
    assert checks.create(cloud, draft, new_id).id == found


@pytest.mark.occi("COL-10")
def test_col_10_inline_links_start_at_the_new_resource(cloud: Registry, new_id: NewId) -> None:
    link = Draft(kind=f"{INFRASTRUCTURE}storagelink", target="/storage/2", source="/compute/preset")
    found = checks.create(cloud, Draft(kind=COMPUTE, links=(link,)), new_id)
    assert [(each.source, each.target, each.source_kind) for each in found.links] == [
        (f"/compute/{found.id}", "/storage/2", COMPUTE)
    ]


@pytest.mark.occi("INF-31", "CORE-24")
def test_inf_31_a_resource_template_overrides_what_the_client_said(offered: Registry, new_id: NewId) -> None:
    draft = Draft(kind=COMPUTE, mixins=(f"{TEMPLATES}large",), attributes={"occi.compute.cores": 2})
    assert checks.create(offered, draft, new_id).attributes["occi.compute.cores"] == 8


@pytest.mark.occi("INF-32", "CORE-25")
def test_inf_32_another_resource_template_takes_the_place_of_the_first(offered: Registry, new_id: NewId) -> None:
    entity = checks.create(offered, Draft(kind=COMPUTE, mixins=(f"{TEMPLATES}small",)), new_id)
    found = checks.update(offered, entity, Draft(mixins=(f"{TEMPLATES}large",)), new_id)
    assert (found.mixins, found.attributes["occi.compute.cores"]) == ((f"{TEMPLATES}large",), 8)


@pytest.mark.occi("INF-21", "CORE-25")
def test_inf_21_the_system_of_a_machine_does_not_change(offered: Registry, new_id: NewId) -> None:
    entity = checks.create(offered, Draft(kind=COMPUTE, mixins=(f"{TEMPLATES}a",)), new_id)
    with pytest.raises(Unfit, match="chosen once"):
        checks.update(offered, entity, Draft(mixins=(f"{TEMPLATES}b",)), new_id)
    assert checks.update(offered, entity, Draft(mixins=(f"{TEMPLATES}a",)), new_id).mixins == (f"{TEMPLATES}a",)
    with pytest.raises(Unfit, match="chosen once"):
        checks.create(offered, Draft(kind=COMPUTE, mixins=(f"{TEMPLATES}a", f"{TEMPLATES}b")), new_id)


@pytest.mark.occi("ENT-04")
def test_ent_04_put_removes_what_is_absent_and_keeps_what_is_the_servers(cloud: Registry, compute: Entity) -> None:
    found = checks.replace(cloud, compute, Draft(kind=COMPUTE, attributes={"occi.compute.hostname": "h"}))
    assert found.attributes == {"occi.compute.hostname": "h", "occi.compute.state": "inactive"}
    assert (found.title, found.mixins, found.links) == (None, (), compute.links)


@pytest.mark.occi("ENT-06")
def test_ent_06_put_may_repeat_what_is_immutable_and_states_are_ignored(cloud: Registry, compute: Entity) -> None:
    entity = changed(compute, attributes={**compute.attributes, "org.accords.node": "pacs"})
    said: Mapping[str, Value] = {"occi.compute.state": "active", "org.accords.node": "pacs"}
    assert checks.replace(cloud, entity, Draft(attributes=said)).attributes == {
        "occi.compute.state": "inactive",
        "org.accords.node": "pacs",
    }
    with pytest.raises(Denied, match=r"org\.accords\.node"):
        checks.replace(cloud, entity, Draft(attributes={"org.accords.node": "other"}))


@pytest.mark.occi("ENT-06")
def test_ent_06_in_1_1_mode_states_that_come_with_a_creation_are_left_out(cloud: Registry, new_id: NewId) -> None:
    """As the clients of erocci's time sent them."""
    states = {"occi.compute.state": "active", "occi.compute.state.message": "up"}
    link = Draft(
        kind=f"{INFRASTRUCTURE}storagelink", target="/storage/2", attributes={"occi.storagelink.state": "active"}
    )
    draft = Draft(kind=COMPUTE, attributes=states, links=(link,))
    found = checks.create(cloud, draft, new_id, older=True)
    assert found.attributes == {"occi.compute.state": "inactive"}
    assert found.links[0].attributes == {"occi.storagelink.state": "inactive"}
    with pytest.raises(Denied):
        checks.create(cloud, draft, new_id)
    with pytest.raises(Denied):  # no other immutable attribute
        checks.create(cloud, Draft(kind=COMPUTE, attributes={"org.accords.node": "x"}), new_id, older=True)


@pytest.mark.occi("CORE-10")
def test_core_10_an_entity_has_one_kind_for_its_whole_life(cloud: Registry, compute: Entity, new_id: NewId) -> None:
    assert checks.update(cloud, compute, Draft(kind=COMPUTE), new_id) == compute
    with pytest.raises(Unfit, match="stays"):
        checks.update(cloud, compute, Draft(kind=STORAGE), new_id)


@pytest.mark.occi("ENT-07")
def test_ent_07_post_changes_only_what_it_says(cloud: Registry, compute: Entity, new_id: NewId) -> None:
    found = checks.update(cloud, compute, Draft(attributes={"occi.compute.memory": 16.0}), new_id)
    assert found == changed(compute, attributes={**compute.attributes, "occi.compute.memory": 16.0})


@pytest.mark.occi("ENT-07")
def test_ent_07_post_adds_links_after_those_there_are(cloud: Registry, compute: Entity, new_id: NewId) -> None:
    link = Draft(kind=f"{INFRASTRUCTURE}storagelink", target="/storage/2")
    found = checks.update(cloud, compute, Draft(links=(link,)), new_id)
    assert found.links[:1] == compute.links
    assert found.links[1].target == "/storage/2"


@pytest.mark.occi("CORE-42")
def test_core_42_the_ends_of_a_link_do_not_change(cloud: Registry, storagelink: Entity, new_id: NewId) -> None:
    same = Draft(source=f"http://occi.example.org{storagelink.source}", target=storagelink.target)
    assert checks.update(cloud, storagelink, same, new_id) == storagelink
    with pytest.raises(Denied, match="target"):
        checks.replace(cloud, storagelink, Draft(target="/storage/other"))
    with pytest.raises(Malformed, match="no links"):
        checks.update(cloud, storagelink, Draft(links=(same,)), new_id)


@pytest.mark.occi("INF-34")
def test_inf_34_user_data_is_given_once(cloud: Registry, new_id: NewId) -> None:
    user_data = "http://schemas.ogf.org/occi/infrastructure/compute#user_data"
    draft = Draft(kind=COMPUTE, mixins=(user_data,), attributes={"occi.compute.userdata": "YQ=="})
    entity = checks.create(cloud, draft, new_id)
    with pytest.raises(Denied, match="userdata"):
        checks.update(cloud, entity, Draft(attributes={"occi.compute.userdata": "Yg=="}), new_id)


@pytest.mark.occi("COL-21")
def test_col_21_a_mixin_that_brings_required_attributes_needs_them(
    cloud: Registry, compute: Entity, new_id: NewId
) -> None:
    key = "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key"
    with pytest.raises(Malformed, match="publickey"):
        checks.update(cloud, compute, Draft(mixins=(key,)), new_id)


@pytest.mark.occi("CORE-26")
def test_core_26_a_mixin_takes_its_attributes_along(cloud: Registry, compute: Entity, new_id: NewId) -> None:
    key = "http://schemas.ogf.org/occi/infrastructure/credentials#ssh_key"
    said = Draft(mixins=(key,), attributes={"occi.credentials.ssh.publickey": "ssh-ed25519 A"})
    with_key = checks.update(cloud, compute, said, new_id)
    assert with_key.attributes["occi.credentials.ssh.publickey"] == "ssh-ed25519 A"
    assert checks.without_mixin(cloud, with_key, key) == compute


@pytest.mark.occi("CORE-22")
def test_core_22_a_mixin_takes_those_that_depend_on_it_along(offered: Registry, new_id: NewId) -> None:
    entity = checks.create(offered, Draft(kind=COMPUTE, mixins=(f"{TEMPLATES}a", f"{TEMPLATES}small")), new_id)
    assert checks.without_mixin(offered, entity, f"{INFRASTRUCTURE}os_tpl").mixins == (f"{TEMPLATES}small",)


def test_a_cords_compute_says_its_memory_in_words_and_an_ogf_compute_in_gib(new_id: NewId) -> None:
    cords = kinds.registry("infrastructure")
    said: Mapping[str, Value] = {"occi.compute.memory": "4G"}
    assert (
        checks.create(cords, Draft(kind=f"{CORDS}compute", attributes=said), new_id).attributes["occi.compute.memory"]
        == "4G"
    )
    with pytest.raises(Malformed, match="is a number"):
        checks.create(kinds.registry("cloud"), Draft(kind=COMPUTE, attributes=said), new_id)
