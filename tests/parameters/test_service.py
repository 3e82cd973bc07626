"""What a service is made with, over HTTP: plain values go to the plan, secret ones to the service, and stay nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from broker.errors import AccordsError, Clash, InvalidDocument
from broker.occi.model import CORDS
from tests import databases
from tests.operations.house import House, User
from tests.parameters.documents import SECRET, SITE

GIVEN = {"greeting": "hello", "memory": "2G"}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    found = House(tmp_path)
    yield found
    found.close()


@pytest.fixture
def user(house: House) -> User:
    return User(house.client("ann", "ward"))


def plan(user: User, inputs: dict[str, Any], text: str = SITE) -> dict[str, Any]:
    location = user.post_document(text)["location"]
    attributes = {"occi.plan.manifest": location, "org.accords.inputs": inputs}
    answer: dict[str, Any] = user.client.post("manifest", "/plan/", {"kind": CORDS + "plan", "attributes": attributes})
    return answer


def up(user: User, inputs: dict[str, Any] = GIVEN, secrets: dict[str, Any] | None = None, text: str = SITE) -> str:
    given = {"password": SECRET} if secrets is None else secrets
    return user.service(plan(user, inputs, text)["id"], name="site", **{"org.accords.secrets": given})


def codes(refused: pytest.ExceptionInfo[AccordsError]) -> list[str]:
    found = refused.value.fields["diagnostics"]
    assert isinstance(found, list)
    return sorted(each["code"] for each in found)


def test_a_posted_document_says_what_it_leaves_open(user: User) -> None:
    declared = {one["name"]: one for one in user.post_document(SITE)["inputs"]}
    assert declared["memory"]["allowed"] == ["1G", "2G"]
    assert (declared["memory"]["type"], declared["memory"]["default"]) == ("size", "1G")
    assert declared["password"]["secret"] is True


def test_values_are_part_of_the_plan_and_make_it_another(user: User) -> None:
    first, second = plan(user, {"greeting": "hello"}), plan(user, {"greeting": "good day"})
    assert first["attributes"]["org.accords.inputs"] == {"greeting": "hello", "memory": "1G"}
    assert first["attributes"]["org.accords.hash"] != second["attributes"]["org.accords.hash"]


def test_numbers_and_booleans_of_json_are_values_too(user: User) -> None:
    text = (
        '<manifest name="m"><input name="n" type="number"/><input name="f" type="flag"/><node name="a"/>{}</manifest>'
    )
    told = '<configuration><action expression="a.configure(input.n, input.f);"/></configuration>'
    assert plan(user, {"n": 4, "f": True}, text.format(told))["attributes"]["org.accords.inputs"] == {
        "n": "4",
        "f": "yes",
    }


def test_everything_that_is_wrong_with_the_values_is_said_at_once(user: User) -> None:
    with pytest.raises(InvalidDocument) as refused:
        plan(user, {"memory": "3G", "greting": "hello"})
    assert codes(refused) == ["input-missing", "input-unknown", "input-value"]


def test_a_plan_takes_no_secret_and_does_not_repeat_it(user: User) -> None:
    with pytest.raises(InvalidDocument) as refused:
        plan(user, {**GIVEN, "password": SECRET})
    assert codes(refused) == ["input-secret"]
    assert SECRET not in str(refused.value.problem())


def test_a_service_runs_with_its_inputs_and_says_its_outputs(house: House, user: User) -> None:
    service = up(user)
    house.work()
    report = user.report(service)
    assert report["service"]["state"] == "active"
    outputs = {one["name"]: one["value"] for one in report["outputs"]}
    assert outputs == {"memory": "2G", "page": report["nodes"][0]["addresses"][0]}


def test_an_output_that_nothing_has_been_made_for_is_not_known_yet(user: User) -> None:
    outputs = user.report(up(user))["outputs"]
    assert {"name": "page", "value": None} in outputs


def test_a_missing_secret_is_named_and_nothing_is_made(user: User) -> None:
    with pytest.raises(InvalidDocument) as refused:
        up(user, secrets={"pasword": SECRET})
    assert codes(refused) == ["input-missing", "input-unknown"]
    assert SECRET not in str(refused.value.problem())
    assert not user.client.get("service", "/service/").get("resources")


def test_a_secret_is_in_no_entity_no_answer_and_no_report(house: House, user: User) -> None:
    service = up(user)
    house.work()
    entity = user.client.get("service", f"/service/{service}")
    assert "org.accords.secrets" not in entity["attributes"]
    seen = str([entity, user.report(service), user.client.get("service", "/event/", after="0", wait="0")])
    assert SECRET not in seen


def test_a_secret_cannot_be_put_into_an_entity_later(house: House, user: User) -> None:
    service = up(user)
    body = {"kind": CORDS + "service", "attributes": {"org.accords.secrets": {"password": SECRET}}}
    with pytest.raises(AccordsError) as refused:
        user.client.request("service", "POST", f"/service/{service}", json=body)
    assert SECRET not in str(refused.value.problem())
    assert "org.accords.secrets" not in user.client.get("service", f"/service/{service}")["attributes"]


def test_the_node_is_told_the_secret_itself_and_the_table_forgets_it_with_the_service(
    house: House, user: User, tmp_path: Path
) -> None:
    service = up(user)
    house.work()
    told = {
        str(each.arguments["symbol"]): each.arguments["value"]
        for each in house.cloud.carried()
        if each.method == "configure"
    }
    assert told == {"input_password": SECRET, "input_greeting": "hello"}
    user.act(service, "release")
    house.work()
    with closing(databases.open_store(tmp_path)) as store:
        assert databases.tables_with(store, SECRET) == set()
    if not databases.ON_POSTGRESQL:  # nor where SQLite keeps what was deleted
        assert SECRET.encode() not in (tmp_path / "service.sqlite").read_bytes()


def test_a_method_tells_a_secret_too(house: House, user: User) -> None:
    method = '<interface><action name="renew" expression="web.configure(input.password);"/></interface></manifest>'
    service = up(user, text=SITE.replace("</manifest>", method))
    house.work()
    before = len(house.cloud.carried())
    user.act(service, "invoke", method="renew")
    house.work()
    told = [each.arguments["value"] for each in house.cloud.carried()[before:] if each.method == "configure"]
    assert told == [SECRET]


def test_the_same_again_is_the_same_service(user: User) -> None:
    assert up(user) == up(user) == up(user, secrets={})


def test_other_values_are_another_plan_with_the_difference(user: User) -> None:
    up(user)
    with pytest.raises(Clash) as refused:
        up(user, {**GIVEN, "memory": "1G"})
    difference = refused.value.fields["difference"]
    assert isinstance(difference, list)
    assert "-memory = '2G'" in difference
    assert "+memory = '1G'" in difference


def test_another_secret_for_the_same_service_is_refused_by_name(user: User) -> None:
    up(user)
    with pytest.raises(Clash, match="secret input password") as refused:
        up(user, secrets={"password": SECRET + "!"})
    assert SECRET not in str(refused.value.problem())
