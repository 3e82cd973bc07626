"""Who inherits from whom, what applies to what, and how users' mixins come and go."""

from __future__ import annotations

import pytest

from broker.occi.errors import Denied, Malformed, OcciError, Unfit, Unknown
from broker.occi.model import CORE, INFRASTRUCTURE, Action, Attribute, Kind, Mixin, Type
from broker.occi.registry import Registry

X = "http://example.org/x#"
ENTITY = Kind(f"{CORE}", "entity", attributes=(Attribute("a.id"),), abstract=True)
BASE = Kind(X, "base", parent=f"{CORE}entity", attributes=(Attribute("a.size", default="s"),), location="/base/")
CHILD = Kind(X, "child", parent=f"{X}base", attributes=(Attribute("a.own"),), actions=(f"{X}go",), location="/child/")
GO = Action(X, "go")
LOW = Mixin(X, "low", attributes=(Attribute("a.low"), Attribute("a.size", default="m")), location="/low/")
HIGH = Mixin(X, "high", depends=(f"{X}low", f"{X}nobody"), applies=(f"{X}base",), location="/high/")
RING = (Mixin(X, "a", depends=(f"{X}b",), location="/a/"), Mixin(X, "b", depends=(f"{X}a",), location="/b/"))


@pytest.fixture(scope="module")
def small() -> Registry:
    return Registry.of((ENTITY, BASE, CHILD, GO, LOW, HIGH, *RING))


def user(term: str = "tag", **more: object) -> Mixin:
    return Mixin(
        **{"scheme": "http://example.org/ann#", "term": term, "location": f"/tags/{term}/", "user": True, **more}
    )  # type: ignore[arg-type]


@pytest.mark.occi("CORE-12")
def test_core_12_a_child_inherits_attributes(small: Registry) -> None:
    assert list(small.definitions(f"{X}child")) == ["a.id", "a.size", "a.own"]


@pytest.mark.occi("CORE-08")
def test_core_08_a_mixins_default_goes_before_its_kinds(small: Registry) -> None:
    assert small.definitions(f"{X}child")["a.size"].default == "s"
    assert small.definitions(f"{X}child", (f"{X}low",))["a.size"].default == "m"


@pytest.mark.occi("CORE-22")
def test_core_22_a_mixin_brings_all_it_depends_on(small: Registry) -> None:
    assert [each.term for each in small.closure((f"{X}high",))] == ["low", "high"]
    assert "a.low" in small.definitions(f"{X}child", (f"{X}high",))
    assert small.mixins_below(f"{X}low") == {f"{X}low", f"{X}high"}


def test_mixins_that_depend_on_each_other_end_the_search(small: Registry) -> None:
    assert [each.term for each in small.closure((f"{X}a",))] == ["a", "b"]


def test_a_chain_of_mixins_may_be_as_long_as_users_like(small: Registry) -> None:
    chain = (Mixin(X, f"m{n}", depends=(f"{X}m{n + 1}",), location=f"/m{n}/") for n in range(3000))
    assert len(Registry.of((ENTITY, *chain)).closure((f"{X}m0",))) == 3000


@pytest.mark.occi("CORE-47")
def test_core_47_a_kinds_collection_holds_its_descendants(small: Registry) -> None:
    assert small.kinds_below(f"{X}base") == {f"{X}base", f"{X}child"}
    assert small.kinds_below(f"{CORE}entity") == {f"{CORE}entity", f"{X}base", f"{X}child"}


@pytest.mark.occi("CORE-21")
def test_core_21_a_mixin_fits_the_descendants_of_what_it_applies_to(small: Registry, cloud: Registry) -> None:
    assert small.applies(HIGH, f"{X}child")
    assert small.applies(LOW, f"{X}child")
    assert not cloud.applies(cloud.mixin(f"{INFRASTRUCTURE}os_tpl"), f"{INFRASTRUCTURE}network")


@pytest.mark.occi("NS-02")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/child/1", ("child", "1")),
        ("/child/", None),
        ("/child", None),
        ("/low/1", None),
        ("/other/1", None),
        ("", None),
    ],
)
def test_ns_02_an_entity_lives_below_its_kinds_location(
    small: Registry, path: str, found: tuple[str, str] | None
) -> None:
    located = small.locate(path)
    assert (located and (located[0].term, located[1])) == found


@pytest.mark.parametrize(
    ("categories", "error"),
    [
        ((ENTITY, ENTITY), Unfit),
        ((ENTITY, BASE, Kind(X, "other", parent=BASE.id, location="/base/")), Unfit),
        ((BASE,), Unknown),
        ((Kind(X, "k", parent=f"{X}k"),), Unknown),
        ((ENTITY, BASE, CHILD), Unknown),
    ],
)
def test_a_registry_that_contradicts_itself_is_refused(categories: tuple[Kind, ...], error: type[OcciError]) -> None:
    with pytest.raises(error):
        Registry.of(categories)


def test_a_users_mixin_makes_a_new_registry_and_leaves_the_old_one(small: Registry) -> None:
    tagged = small.with_mixin(user())
    assert tagged.mixin(user().id) == user()
    assert tagged.locations["/tags/tag/"] == user()
    assert user().id not in small.mixins
    removed = tagged.without_mixin(user().id)
    assert (removed.mixins, removed.locations) == (small.mixins, small.locations)


@pytest.mark.occi("QI-08")
@pytest.mark.parametrize(
    ("mixin", "error"),
    [
        (user(scheme="http://schemas.ogf.org/occi/mine#"), Denied),
        (user(scheme="http://example.org/ann"), Malformed),
        (user(scheme='http://example.org/"ann#'), Malformed),
        (user(term="a b"), Malformed),
        (user(location=""), Malformed),
        (user(location="/tags"), Malformed),
        (user(location="/ta\ngs/"), Malformed),
        (user(location="/child/"), Unfit),
        (user(attributes=(Attribute("a.b", Type.STRING),)), Malformed),
        (user(scheme=X, term="child"), Denied),
        (user(scheme=X, term="low"), Denied),
        (user(scheme=X, term="go"), Denied),
    ],
)
def test_qi_08_a_users_mixin_takes_nobodys_place(small: Registry, mixin: Mixin, error: type[OcciError]) -> None:
    with pytest.raises(error):
        small.with_mixin(mixin)


@pytest.mark.occi("QI-08")
def test_qi_08_the_same_mixin_again_changes_nothing_and_another_definition_is_refused(small: Registry) -> None:
    tagged = small.with_mixin(user())
    assert tagged.with_mixin(user()) is tagged
    with pytest.raises(Unfit, match="exists"):
        tagged.with_mixin(user(title="other"))


@pytest.mark.occi("QI-07")
def test_qi_07_a_users_mixin_may_depend_on_what_nobody_defined(small: Registry) -> None:
    assert small.with_mixin(user(depends=("http://nobody#x",))).mixin(user().id).depends == ("http://nobody#x",)


@pytest.mark.occi("QI-09")
def test_qi_09_a_providers_mixin_cannot_be_removed(small: Registry) -> None:
    with pytest.raises(Denied, match="provider"):
        small.without_mixin(f"{X}low")
    with pytest.raises(Unknown):
        small.without_mixin(f"{X}other")


@pytest.mark.parametrize("asked", ["category", "kind", "mixin", "action"])
def test_what_nobody_defined_is_unknown_by_name(small: Registry, asked: str) -> None:
    with pytest.raises(Unknown, match="http://nobody#x"):
        getattr(small, asked)("http://nobody#x")
