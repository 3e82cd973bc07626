"""Methods that a service can be asked for, and what its nodes measure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from broker.plans import plan_from_json, plan_to_json
from manifests import Manifest, Plan, invoke
from manifests.model import Action, Phase, Property, Statement

Parsed = Callable[[str | bytes], Manifest]
Planned = Callable[[Manifest], Plan]

METHODS = (
    "<interface><action name='backup' expression=\"db.system('dump $1'); web.fork('tell $2');\"/>"
    "<action name='backup' expression=\"db.kill('dumper');\"/>"
    "<action name='show' expression=\"web.configure(db.password); web.colour = 'red';\"/></interface>"
)
TEXT = f'<manifest name="m"><node name="db"/><node name="web"/>{METHODS}</manifest>'
MADE: dict[str, dict[str, object] | None] = {
    "db.0.machine": {"id": "i-1"},
    "web.0.machine": {"id": "i-2"},
    "db.0.secret.password": {"value": "secret:7"},
}


def test_a_method_is_its_statements_one_after_the_other(parsed: Parsed, planned: Planned) -> None:
    found = planned(parsed(TEXT)).interface
    assert sorted(found) == ["backup", "show"]
    assert [(step.id, step.verb) for step in found["backup"]] == [
        ("db.0.invoke.backup.0", "run"),
        ("web.0.invoke.backup.1", "fork"),
        ("db.0.invoke.backup.2", "kill"),
    ]
    assert found["backup"][1].needs == ("db.0.invoke.backup.0", "web.0.machine")


def test_a_call_finds_its_arguments_as_those_of_the_script(parsed: Parsed, planned: Planned) -> None:
    made = invoke(planned(parsed(TEXT)), MADE, "backup", ["now", "it's"])
    assert made.operation == "invoke"
    assert [dict(step.inputs) for step in made.steps] == [
        {"machine": "i-1", "script": "set -- now 'it'\"'\"'s'\ndump $1"},
        {"machine": "i-2", "script": "set -- now 'it'\"'\"'s'\ntell $2"},
        {"machine": "i-1", "process": "dumper"},
    ]
    assert made.steps[1].needs == ("db.0.invoke.backup.0",)


def test_a_call_without_arguments_is_the_script_itself(parsed: Parsed, planned: Planned) -> None:
    assert invoke(planned(parsed(TEXT)), MADE, "backup").steps[0].inputs["script"] == "dump $1"


def test_a_secret_that_only_a_method_tells_is_made_and_named(parsed: Parsed, planned: Planned) -> None:
    deploy = planned(parsed(TEXT))
    assert deploy.step("db.0.secret.password").verb == "generate"
    told = {step.inputs["symbol"]: step.inputs["value"] for step in invoke(deploy, MADE, "show").steps}
    assert told == {"db_password": "secret:7", "self_colour": "red"}


def test_nodes_that_are_not_there_are_told_nothing(parsed: Parsed, planned: Planned) -> None:
    made = invoke(planned(parsed(TEXT)), {"db.0.machine": {"id": "i-1"}, "web.0.machine": None}, "backup")
    assert [step.id for step in made.steps] == ["db.0.invoke.backup.0", "db.0.invoke.backup.2"]
    assert made.steps[1].needs == ()


def test_a_method_nobody_wrote_is_a_key_error(parsed: Parsed, planned: Planned) -> None:
    with pytest.raises(KeyError, match="restore"):
        invoke(planned(parsed(TEXT)), MADE, "restore")


def test_methods_are_part_of_the_plan_and_its_hash(parsed: Parsed, planned: Planned) -> None:
    one, other = planned(parsed(TEXT)), planned(parsed(TEXT.replace("dump $1", "dump $9")))
    assert one.hash != other.hash
    assert plan_from_json(plan_to_json(one)) == one


def test_a_metric_is_watched_after_the_nodes_scripts_and_nobody_waits_for_it(parsed: Parsed, planned: Planned) -> None:
    manifest = parsed(
        '<manifest name="m"><node name="a"/><configuration>'
        "<action expression=\"a.system('x');\"/></configuration></manifest>"
    )
    watch = Statement("a", "monitor", (Property("slam", "cpu_load"),))
    both = Action("w", "cordscript", "", (watch, watch))
    assert manifest.configuration
    made = planned(replace(manifest, configuration=Phase("c", (*manifest.configuration.actions, both))))
    step = made.step("a.0.monitor.cpu_load")
    assert (step.verb, step.inputs["metric"]) == ("monitor", "cpu_load")
    assert step.needs == ("a.0.machine", "a.0.run.0")
    assert made.step("a.0.ready").needs == ("a.0.machine", "a.0.run.0")
