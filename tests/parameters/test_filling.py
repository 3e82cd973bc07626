"""Inputs are filled where they stand, and what is wrong with one is said there and at its declaration."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manifests import Diagnostic, Manifest, Reading, errors, read

NODE = '<node name="a">{}</node>'


def reading(inside: str, inputs: dict[str, str] | None = None) -> Reading:
    return read(f'<manifest name="m">{inside}</manifest>'.encode(), inputs=inputs)


def document(found: Reading) -> Manifest:
    assert isinstance(found.document, Manifest), [str(one) for one in found.diagnostics]
    return found.document


def said(found: Reading) -> list[tuple[str, str]]:
    return [(one.code, one.summary) for one in found.diagnostics]


def only(found: Reading) -> Diagnostic:
    assert len(found.diagnostics) == 1, said(found)
    return found.diagnostics[0]


def compute(inside: str, declared: str = '<input name="c" type="number"/>') -> str:
    return declared + NODE.format(f"<infrastructure><compute {inside}/></infrastructure>")


def cores(found: Reading) -> object:
    infrastructure = document(found).nodes[0].infrastructure
    assert infrastructure and infrastructure.compute
    return infrastructure.compute.cores


def test_a_value_stands_where_the_input_stood() -> None:
    assert cores(reading(compute('cores="${input.c}"'), {"c": "2"})) == 2


def test_without_a_value_the_default_stands_there() -> None:
    assert cores(reading(compute('cores="${input.c}"', '<input name="c" default="3"/>'), {})) == 3


def test_a_value_may_be_a_part_of_an_attribute_and_stand_there_twice() -> None:
    text = '<input name="site"/><node name="n-${input.site}" zone="${input.site}-${input.site}"/>'
    node = document(reading(text, {"site": "lyon"})).nodes[0]
    assert (node.name, node.zone) == ("n-lyon", "lyon-lyon")


def test_a_script_holds_inputs_and_keeps_the_variables_of_the_shell() -> None:
    script = "<image><package name='p'><configuration>cp ${HOME}/$x ${input.dir}</configuration></package></image>"
    node = document(reading('<input name="dir"/>' + NODE.format(script), {"dir": "/srv"})).nodes[0]
    assert node.image and node.image.packages[0].configuration == "cp ${HOME}/$x /srv"


def test_the_same_holds_in_yaml() -> None:
    text = "manifest:\n  name: m\n  input: {name: c}\n  node:\n    name: a\n    infrastructure:\n"
    found = read((text + '      compute: {cores: "${input.c}"}\n').encode(), inputs={"c": "4"})
    assert cores(found) == 4


def test_a_value_is_never_filled_again() -> None:
    text = '<input name="x"/><input name="y" default="no"/><node name="a" zone="${input.x}${input.y}"/>'
    assert document(reading(text, {"x": "${input.y}"})).nodes[0].zone == "${input.y}no"


def test_a_bad_value_is_said_where_it_ends_up_and_names_the_input() -> None:
    found = reading('<input name="c"/>\n' + compute('\n cores="${input.c}"', ""), {"c": "many"})
    assert only(found).code == "bad-value"
    assert only(found).line == 3
    assert "'many'" in only(found).summary
    assert "(filled from the input c)" in only(found).summary


def test_a_statement_that_a_value_breaks_is_said_where_it_is_written() -> None:
    act = "<configuration><action expression=\"a.system('${input.long}');\na.system('${input.c}');\"/></configuration>"
    declared = '<input name="long" default="so many words in here"/><input name="c"/>'
    found = reading(declared + NODE.format("") + act, {"c": "it's"})
    assert found.diagnostics
    assert all(one.code.startswith("action-") and "the input c" in one.summary for one in found.diagnostics)


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("number", "-1.5", "4G"),
        ("flag", "yes", "perhaps"),
        ("size", "8GiB", "big"),
        ("name", "pacs-1", "a b"),
        ("text", "anything at all; really", "x" * 1025),
    ],
)
def test_a_value_is_of_its_type(type_: str, good: str, bad: str) -> None:
    text = (
        f'<input name="v" type="{type_}"/>{NODE.format("")}<configuration><action expression="a.configure(input.v);"/>'
    )
    assert document(reading(text + "</configuration>", {"v": good})).inputs[0].value == good
    assert only(reading(text + "</configuration>", {"v": bad})).code == "input-value"


def test_only_allowed_values_are_taken_and_equal_sizes_are_equal() -> None:
    text = compute('memory="${input.m}"', '<input name="m" type="size" allowed="1G, 2G"/>')
    assert document(reading(text, {"m": "2000M"}))
    assert "none of 1G, 2G" in only(reading(text, {"m": "3G"})).summary


def test_everything_that_is_missing_is_said_at_once_with_how_to_give_it() -> None:
    text = '<input name="x"/><input name="y"/><node name="a" zone="${input.x}" operator="${input.y}"/>'
    found = reading(text, {})
    assert [one.code for one in found.diagnostics] == ["input-missing"] * 2
    assert "--set x=VALUE" in found.diagnostics[0].hint


def test_a_given_value_that_nobody_asked_for_names_the_nearest() -> None:
    assert only(reading(compute('cores="${input.c}"'), {"c": "1", "cc": "2"})).hint == "did you mean 'c'?"


def test_an_input_that_is_not_declared_is_said_where_it_is_used() -> None:
    found = only(reading(compute('cores="${input.d}"') + '<node name="b" zone="${input.c}"/>'))
    assert (found.code, found.summary) == ("input-unknown", "there is no input 'd'")
    told = '<configuration><action expression="a.configure(input.d);"/></configuration>'
    codes = [one.code for one in reading(NODE.format("") + told).diagnostics]
    assert codes == ["input-unknown"]


def test_a_brace_that_is_not_closed_is_no_input() -> None:
    assert [code for code, _ in said(reading(compute('cores="${input.c"'))) if code == "input-unknown"]


def test_an_input_that_is_used_nowhere_is_a_warning() -> None:
    found = reading('<input name="x"/>' + NODE.format(""))
    assert document(found)
    assert only(found).code == "input-unused"


def test_an_output_uses_an_input() -> None:
    assert not reading('<input name="x"/>' + NODE.format("") + '<output name="o" value="input.x"/>').diagnostics


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ('<input name="v" type="number" default="many"/>', "input-value"),
        ('<input name="v" default="c" allowed="a, b"/>', "input-value"),
        ('<input name="v" type="number" allowed="1, two"/>', "input-value"),
        ('<input name="w"/><input name="v" default="${input.w}"/>', "input-value"),
        ('<input name="v" secret="yes" default="x"/>', "input-secret"),
        ('<input name="v" secret="yes" allowed="x"/>', "input-secret"),
        ('<input name="v"/><input name="v"/>', "duplicate"),
        ('<input name="v" type="colour"/>', "bad-value"),
        ('<input name="v" secret="perhaps"/>', "bad-value"),
    ],
)
def test_a_declaration_is_checked_when_it_is_read(declared: str, code: str) -> None:
    told = '<configuration><action expression="a.configure(input.v);"/></configuration>'
    assert code in [one.code for one in reading(declared + NODE.format("") + told).diagnostics]


def test_a_secret_never_stands_in_a_document() -> None:
    found = reading('<input name="p" secret="yes"/><node name="a" zone="${input.p}"/>', {})
    assert only(found).code == "input-secret"
    assert "configure(input.p)" in only(found).hint


def test_a_secret_that_is_given_to_a_plan_is_refused_and_not_repeated() -> None:
    told = '<configuration><action expression="a.configure(input.p);"/></configuration>'
    found = reading('<input name="p" secret="yes"/>' + NODE.format("") + told, {"p": "geheim"})
    assert only(found).code == "input-secret"
    assert "geheim" not in str(only(found))


def test_a_node_may_not_be_called_input_beside_inputs() -> None:
    found = reading('<input name="x" default="1"/><node name="input" zone="${input.x}"/>')
    assert only(found).code == "duplicate"
    assert document(reading('<node name="input"/>'))


def test_a_document_whose_inputs_are_open_is_checked_as_far_as_it_is_known() -> None:
    text = (
        '<input name="c" type="number"/><input name="n"/><input name="r"/><node name="${input.n}">'
        '<infrastructure><compute cores="${input.c}"/><network name="x"><port name="p" range="${input.r}"/></network>'
        '<storage><volume name="v" size="${input.c}G"/></storage></infrastructure></node>'
    )
    assert said(reading(text)) == []
    wrong = text.replace("<compute cores=", "<compute corse=")
    assert [code for code, _ in said(reading(wrong))] == ["unknown-attribute"]


def test_a_manifest_with_open_inputs_is_not_planned() -> None:
    from manifests import plan

    made = plan(document(reading('<input name="z"/><node name="a" zone="${input.z}"/>')), ())
    assert made.plan is None
    assert "input-missing" in [one.code for one in made.diagnostics]


@pytest.mark.parametrize("declared", ['{"name": "y"}', '{"name": "y", "secret": "yes"}'])
def test_a_manifest_inside_another_has_defaults_for_all_its_inputs(declared: str) -> None:
    from manifests import Defined

    told = '"configuration": {"action": {"expression": "deep.configure(input.y);"}}'
    inner = f'{{"manifest": {{"name": "inner", "input": {declared}, "node": {{"name": "deep"}}, {told}}}}}'
    text = b'<manifest name="m"><node name="out" type="inner"/></manifest>'
    found = read(text, inputs={}, library=lambda term, name: (Defined(inner, "x"),) if term == "manifest" else ())
    assert only(found).code == "input-missing"
    assert "the node out is the manifest inner, whose input y has no default" in only(found).summary


def test_an_element_of_another_document_brings_no_inputs_along() -> None:
    from manifests import Defined

    image = '{"image": {"name": "i", "package": {"name": "p", "configuration": "rm -r ${input.dir}"}}}'
    text = b'<manifest name="m"><node name="a"><image name="i"/></node></manifest>'
    found = read(text, inputs={}, library=lambda term, name: (Defined(image, "manifest n"),) if term == "image" else ())
    assert only(found).code == "input-unknown"
    assert "waits for ${input.dir}, an input of that document alone" in only(found).summary


def test_values_cannot_make_a_document_larger_than_documents_may_be() -> None:
    many = "".join(f'<node name="n{index}" zone="${{input.x}}"/>' for index in range(2200))
    assert only(reading('<input name="x"/>' + many, {"x": "y" * 1000})).code == "too-many-parts"


@given(st.dictionaries(st.sampled_from(["x", "y", "z"]), st.text(max_size=40)), st.text(max_size=60))
def test_no_value_and_no_use_breaks_the_reader(values: dict[str, str], around: str) -> None:
    text = (
        "manifest:\n  name: m\n  input: [{name: x, default: d}, {name: y, type: size}, {name: z, secret: yes}]\n"
        f"  node: {{name: a, zone: '${{input.x}}', operator: {_yaml(around + '${input.y}')}}}\n"
    )
    read(text.encode(errors="replace"), inputs=values)


def _yaml(text: str) -> str:
    import json

    return json.dumps(text)


@pytest.mark.parametrize("value", ["\x1b[31mred", "a\u202eb", "bell\a"])
def test_a_value_holds_no_character_that_cannot_be_seen(value: str) -> None:
    text = '<manifest name="m" description="${input.who}"><input name="who"/></manifest>'
    found = errors(read(text.encode(), inputs={"who": value}).diagnostics)
    assert [one.code for one in found] == ["input-value"]
    assert "cannot be seen" in found[0].summary and found[0].summary.isprintable()
