"""What statements name must be there, as deep as manifests nest; each mistake is told once, with the nearest name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import CODES, read
from manifests.actions.language import METHODS, Path, statements
from manifests.actions.methods import called, script
from manifests.actions.paths import lead
from manifests.actions.statements import Metrics, check
from manifests.diagnostics import Diagnostic
from manifests.findings import Findings
from manifests.model import Action, Agreement, Input, Manifest, Node, Phase, Property, Statement
from sla import KNOWN


def said(expression: str) -> tuple[Statement, ...]:
    calls, troubles = statements(expression)
    assert not troubles
    return tuple(
        Statement(
            str(call.path),
            call.method,
            tuple(Property(".".join(a.names[:-1]), a.names[-1]) if isinstance(a, Path) else a for a in call.arguments),
        )
        for call in calls
    )


def phase(**expressions: str) -> Phase:
    return Phase("p", tuple(Action(name, "cordscript", text, said(text)) for name, text in expressions.items()))


DISK = Manifest("disk", (Node("drive"),), interface=phase(Wipe="drive.system('wipe $1'); drive.kill('reader');"))
STORE = Manifest(
    "store",
    (Node("db"), Node("disks", type="disk", nested=DISK)),
    interface=phase(backup="db.configure(disks.drive.hostname); disks.wipe('old');", vacuum="db.fork('vacuum');"),
)
WEB = Manifest("web", (Node("nginx"),))
OUTER = Manifest(
    "outer",
    (
        Node("a"),
        Node("store", type="store", nested=STORE),
        Node("web", type="web", nested=WEB),
        Node("pair", type="pair", nested=Manifest("pair", (Node("left"), Node("right")))),
        Node("far", type="elsewhere"),
        Node("pacs", provider="external", address="10.1.2.3"),
    ),
    inputs=(Input("licence", secret=True),),
)


def found(expression: str, word: str = "configuration", metrics: Metrics | None = KNOWN) -> tuple[Diagnostic, ...]:
    document = Manifest(OUTER.name, OUTER.nodes, inputs=OUTER.inputs, **{word: phase(x=expression)})  # type: ignore[arg-type]  # a test's
    findings = Findings()
    check(document, findings, metrics)
    return findings.diagnostics()


@pytest.mark.parametrize(
    "expression",
    [
        "a.configure(store.db.hostname, store.disks.drive.address, web.hostname, web.nginx.password);",
        "store.disks.drive.system('x');",
        "web.system('its only node is meant'); a.configure(store.hostname);",
        "store.backup('today'); store.disks.wipe(); STORE.db.kill('x');".replace("STORE", "store"),
        "a.monitor(slam.cpu); pacs.monitor(comons.dicom:echo, 'PACS@104');",
        "a.configure(pacs.aetitle, pacs.port, pacs.certificate);",
        "a.configure(input.licence);",
        "far.anything('x'); far.b.c.system('x'); a.configure(far.x.y.hostname, far.colour);",
    ],
)
def test_what_means_something_earns_nothing(expression: str) -> None:
    assert found(expression) == ()


@pytest.mark.parametrize(
    ("expression", "code", "hint"),
    [
        ("b.system('x');", "action-path", "known: a, far, pacs, pair, store, web"),
        ("stoer.db.system('x');", "action-path", "'store'"),
        ("store.bd.system('x');", "action-path", "known: db, disks"),
        ("store.disks.driv.system('x');", "action-path", "'drive'"),
        ("a.b.system('x');", "action-path", ""),
        ("a.configure(store.disk.drive.hostname);", "action-path", "'disks'"),
        ("store.bakcup('x');", "action-method", "'backup'"),
        ("store.disks.wipee('x');", "action-method", "'wipe'"),
        ("a.sytem('x');", "action-method", "'system'"),
        ("a.configure(store.db.hostnam);", "action-property", "'hostname'"),
        ("a.configure(pacs.password);", "action-property", "aetitle"),
        ("a.configure(input.license);", "input-unknown", "'licence'"),
        ("a.configure(pair.hostname);", "action-several", "pair.left, pair.right"),
        ("pair.system('x');", "action-several", "pair.left, pair.right"),
        ("a.system(store.db.hostname);", "action-arguments", "a.system"),
        ("a.system('x', 'y');", "action-arguments", ""),
        ("a.system();", "action-arguments", ""),
        ("a.configure('x');", "action-arguments", ""),
        ("store.backup(a.hostname);", "action-arguments", ""),
        ("a.monitor('cpu');", "action-arguments", ""),
        ("a.monitor(slam.cpu, 'b c');", "action-arguments", ""),
        ("a.monitor(slan.cpu);", "action-consumer", "'slam'"),
        ("a.monitor(slam.cpuu);", "action-metric", "'cpu'"),
        ("a.command('x');", "historic-method", "a.system"),
        ("a.process('x');", "historic-method", "a.fork"),
        ("a.start();", "historic-cordscript", "leave it out"),
    ],
)
def test_what_means_nothing_is_told_once_with_the_nearest_name(expression: str, code: str, hint: str) -> None:
    (diagnostic,) = found(expression)
    assert diagnostic.code == code
    assert hint in diagnostic.hint


def test_each_phase_has_its_own_methods() -> None:
    assert [each.code for each in found("a.configure(web.hostname);", "release")] == ["action-method"]
    assert [each.code for each in found("a.monitor(slam.cpu);", "interface")] == ["action-method"]
    assert found("a.kill('x'); store.vacuum();", "release") == ()


def test_metrics_are_checked_where_it_is_known_who_measures() -> None:
    assert found("a.monitor(slam.anything);", metrics=None) == ()
    assert found("a.monitor(slam.du);", metrics=None) == ()


def test_a_metric_of_a_place_wants_to_know_which_and_an_address_is_none() -> None:
    assert found("a.monitor(slam.du, '/srv');") == ()
    for expression in ("a.monitor(slam.du);", "a.monitor(slam.du, 'http://judge');"):
        (said,) = found(expression)
        assert (said.code, "folder" in said.hint) == ("metric-location", True)


def test_a_node_that_is_outside_measures_nothing_itself() -> None:
    def of(expression: str) -> list[str]:
        findings = Findings()
        document = Manifest("m", (Node("far", provider="external"),), configuration=phase(do=expression))
        check(document, findings, KNOWN)
        return [each.code for each in findings.diagnostics()]

    assert of("far.monitor(slam.cpu);") == ["metric-outside"]
    assert of("far.monitor(slam.tcp:connect, '104');") == []


def test_a_method_of_a_complex_node_is_the_statements_of_its_manifest_to_any_depth() -> None:
    (call,) = said("store.backup('today');")
    assert called(OUTER, call) == (
        Statement("store.db", "configure", (Property("store.disks.drive", "hostname"),), within="store"),
        Statement("store.disks.drive", "system", ("set -- old\nwipe $1",), within="store.disks"),
        Statement("store.disks.drive", "kill", ("reader",), within="store.disks"),
    )


def test_any_other_statement_says_itself() -> None:
    for statement in said("a.system('x'); far.backup(); store.nothing(); nobody.backup();"):
        assert called(OUTER, statement) == (statement,)


def test_what_is_given_to_a_method_is_safe_in_its_script() -> None:
    assert script("echo $1", ["a b", "'; rm -rf /", "$(x)"]) == "set -- 'a b' ''\"'\"'; rm -rf /' '$(x)'\necho $1"
    assert script("echo", []) == "echo"


def test_scripts_of_the_originals_parser_are_told_once_where_they_stand() -> None:
    text = b"""<manifest name="m" plan="cordscript:plan.new(id.value);">
  <node name="a" cordscript="type.resolve(plan.name,type.value);"/>
</manifest>"""
    reading = read(text)
    assert reading.document is not None
    assert [(d.code, d.line, d.column) for d in reading.diagnostics] == [
        ("historic-cordscript", 1, 26),
        ("historic-cordscript", 2, 30),
    ]


def test_the_expressions_of_business_values_are_kept_as_they_are() -> None:
    text = """<agreement name="a"><terms name="t" type="guarantees"><term name="u"><guarantee name="g" scope="any">
      <variable name="v" property="cpu" condition="eq" value="1"/>
      <business name="b" nature="penalty" expression="cordscript:alert.new();"/>
    </guarantee></term></terms></agreement>"""
    document = read(text.encode()).document
    assert isinstance(document, Agreement)
    assert document.terms[0].terms[0].guarantees[0].business[0].expression == "cordscript:alert.new();"


WORDS = ("a", "store", "db", "disks", "web", "far", "pacs", "input", "slam", "cpu", "hostname", "backup", "system", "x")
PATHS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map(".".join)
ARGUMENTS = st.lists(PATHS.filter(lambda path: "." in path) | st.sampled_from(("''", "'x'", "'a b'")), max_size=3)
METHOD_NAMES = st.sampled_from((*METHODS, "new", "backup", "wipe", "nothing"))


@given(PATHS, METHOD_NAMES, ARGUMENTS, st.sampled_from(("configuration", "release", "interface")))
def test_any_statement_is_right_or_wrong_and_what_is_right_can_be_resolved(
    path: str, method: str, arguments: list[str], word: str
) -> None:
    expression = f"{path}.{method}({', '.join(arguments)});"
    diagnostics = found(expression, word)
    assert all(each.code in CODES and each.summary for each in diagnostics)
    (statement,) = said(expression)
    if not diagnostics and not path.startswith("far"):
        assert all(lead(OUTER, one.target).node for one in called(OUTER, statement))
