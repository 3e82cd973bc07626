"""What somebody sends to break the reader, or what stands behind it, is refused with a diagnostic: a table of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import pytest

from manifests import errors, read
from tests.fuzz.checks import check_reading

M = '<manifest name="m">{}</manifest>'
ACT = M.format('<node name="a"/><configuration><action expression="{}"/></configuration>')
TYPED = '<?xml version="1.0" encoding="{}"?><manifest name="m"/>'
MANY = " ".join(f"a{i}='1'" for i in range(1001))

# What comes in, and a code that refuses it.
REFUSED: Mapping[str, tuple[bytes, str]] = {
    # entities and all that a DOCTYPE can bring
    "a DOCTYPE with an entity": (b'<!DOCTYPE m [<!ENTITY a "b">]><manifest name="&a;"/>', "doctype"),
    "a DOCTYPE of elsewhere": (b'<!DOCTYPE m SYSTEM "file:///etc/passwd"><manifest name="m"/>', "doctype"),
    "a DOCTYPE after a comment": (b'<?xml version="1.0"?><!-- --> <?x y?><!DOCTYPE m><manifest name="m"/>', "doctype"),
    "a DOCTYPE after two byte order marks": (b"\xef\xbb\xbf\xef\xbb\xbf<!DOCTYPE m><manifest name='m'/>", "doctype"),
    "a DOCTYPE after a stray mark": (b';<!DOCTYPE m><manifest name="m"/>', "doctype"),
    "a DOCTYPE in UTF-16": ('<!DOCTYPE m><manifest name="m"/>'.encode("utf-16"), "doctype"),
    "a DOCTYPE in UTF-16 without a mark": ('<!DOCTYPE m><manifest name="m"/>'.encode("utf-16-le"), "encoding"),
    "a DOCTYPE in UTF-7": (b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE m+AD4-<manifest/>', "encoding"),
    "a DOCTYPE in small letters": (b'<!doctype m><manifest name="m"/>', "not-xml"),
    "an entity of HTML": (M.format("&eacute;").encode(), "not-xml"),
    # bytes that are not what they say
    "UTF-7 by its look": (b"+ADw-manifest name=+ACI-m+ACI-/+AD4-", "encoding"),
    "UTF-7 by its mark": (b"+/v8-+ADw-manifest name=+ACI-m+ACI-/+AD4-", "encoding"),
    "UTF-16 without a mark": (M.encode("utf-16-be"), "encoding"),
    "UTF-16 that ends in the middle": (M.encode("utf-16")[:-1], "encoding"),
    "UTF-16 by declaration alone": (TYPED.format("UTF-16").encode(), "encoding"),
    "UTF-16 that says UTF-8": (TYPED.format("UTF-8").encode("utf-16"), "encoding"),
    "UTF-8 that says Latin": (b"\xef\xbb\xbf" + TYPED.format("ISO-8859-1").encode(), "encoding"),
    "UTF-32": (M.encode("utf-32"), "encoding"),
    "UTF-32 without a mark": (M.encode("utf-32-be"), "encoding"),
    "EBCDIC": (TYPED.format("cp037").encode("cp037"), "encoding"),
    "a codec of Python's that is no encoding": (TYPED.format("zip").encode(), "encoding"),
    "bytes that are not UTF-8": (b'<manifest name="\xff"/>', "encoding"),
    "an overlong slash": (b'<manifest name="\xc0\xaf"/>', "encoding"),
    "half a surrogate pair": (b'<manifest name="\xed\xa0\x80"/>', "encoding"),
    "a NUL": (b'<manifest name="a\0b"/>', "encoding"),
    "YAML with a NUL": (b"manifest: {name: m}\0", "encoding"),
    # characters that do something to a terminal, a header or a reader's eye
    "a NUL by its number": (b'<manifest name="a&#0;b"/>', "not-xml"),
    "a control character": (b'<manifest name="m" description="a\x01b"/>', "not-xml"),
    "a control character by its number": (b'<manifest name="m" description="a&#x1b;[2J"/>', "not-xml"),
    "a control character in YAML": (b'manifest: {name: m, description: "a\\x1b[2Jb"}', "hidden-character"),
    "a control character in JSON": (b'{"manifest": {"name": "m", "zone": "a\\u0007b"}}', "hidden-character"),
    "DEL": (b'<manifest name="m" zone="a\x7fb"/>', "hidden-character"),
    "C1": ('<manifest name="m" zone="a\x9bb"/>'.encode(), "hidden-character"),
    "C1 by its number": (b'<manifest name="m" zone="a&#x9b;b"/>', "hidden-character"),
    "a text that runs backwards": ('<manifest name="m" description="a\u202eb"/>'.encode(), "hidden-character"),
    "an isolated text": ('<manifest name="m" zone="a\u2066b"/>'.encode(), "hidden-character"),
    "a blank without width": ('<manifest name="m" zone="a\u200bb"/>'.encode(), "hidden-character"),
    "a tag character": ('<manifest name="m" zone="a\U000e0041b"/>'.encode(), "hidden-character"),
    "a joiner in a name": ('<manifest name="a\u200db"/>'.encode(), "hidden-character"),
    "a joiner in the name of an attribute": ('manifest: {name: m, zo\u200dne: x}'.encode(), "hidden-character"),
    "a hidden character in a text": (M.format("<description>a&#x202e;b</description>").encode(), "hidden-character"),
    # names that become paths, variables and headers
    "a name with a path": (M.format('<node name="../a"/>').encode(), "bad-value"),
    "a manifest's name with a path": (b'<manifest name="../../etc/x"/>', "bad-value"),
    "a name with a command": (b'<manifest name="$(reboot)"/>', "bad-value"),
    "a name with a line end": (b'<manifest name="a&#13;&#10;X-Header: y"/>', "bad-value"),
    "a name with a quote": (M.format("<node name=\"a'b\"/>").encode(), "bad-value"),
    "a name in letters that look like others": (M.format('<node name="\u0430"/>').encode(), "bad-value"),
    "a name that is too long": (M.format(f'<node name="{"a" * 64}"/>').encode(), "bad-value"),
    "a manifest's name that is too long": (f'<manifest name="{"m" * 2000}"/>'.encode(), "bad-value"),
    "a package's name with an option": (
        M.format('<node name="a"><image><package name="--force"/></image></node>').encode(), "bad-value"),
    # more of it than anybody needs
    "too many bytes": (b" " * (2 * 1024**2 + 1), "body-too-large"),
    "too many levels": (M.format("<node>" * 100 + "</node>" * 100).encode(), "too-many-parts"),
    "too many levels in YAML": (b"manifest: " + b"{a: " * 100 + b"}" * 100, "too-many-parts"),
    "too many levels of lists": (b"manifest: {name: m, node: " + b"[" * 100 + b"]" * 100 + b"}", "too-many-parts"),
    "too many attributes": (M.format(f"<node {MANY}/>").encode(), "too-many-parts"),
    "too many attributes without quotes": (
        M.format(f"<node {MANY}/>").replace("'", "").encode(), "too-many-parts"),
    "too many elements": (M.format("<a/>" * 150_001).encode(), "too-many-parts"),
    "too many statements": (ACT.format("a.b();" * 10_000).encode(), "action-method"),
    "an expression that is too long": (ACT.format(f"a.system('{'x' * 70_000}');").encode(), "bad-value"),
    "a name in an expression that is too long": (ACT.format(f"{'x' * 1025}.system('x');").encode(), "action-syntax"),
    "a text that is too long": (f'<manifest name="m" zone="{"x" * 1025}"/>'.encode(), "bad-value"),
    # YAML's and JSON's own
    "billions of laughs": (b"a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nmanifest: {name: *c}", "alias"),
    "a YAML type": (b"manifest: !!python/object/apply:os.system {name: m}", "alias"),
    "a YAML type of a text": (b"manifest: {name: !!binary aGVsbG8=}", "alias"),
    "a YAML merge": (b"manifest: {name: m, <<: {node: {name: a}}}", "unknown-element"),
    "two YAML documents": (b"manifest: {name: m}\n---\nmanifest: {name: n}", "wrong-form"),
    "a version of YAML that is to come": (b"%YAML 3.0\n---\nmanifest: {name: m}", "not-yaml"),
    "a huge name in YAML": (b'manifest: {name: "' + b"x" * 2_000_000 + b'"}', "bad-value"),
    "a huge key in YAML": (b"manifest: {name: m, ? " + b"x" * 2_000_000 + b" : 1}", "unknown-attribute"),
    "a key twice in YAML": (b"manifest:\n  name: m\n  name: n\n", "duplicate"),
    "an element twice in YAML": (b"manifest:\n  name: m\n  node: {name: a}\n  node: {name: b}\n", "duplicate"),
    "a key twice in JSON": (b'{"manifest": {"name": "m", "name": "m"}}', "duplicate"),
    "a document twice in JSON": (b'{"manifest": {"name": "m"}, "manifest": {"name": "n"}}', "duplicate"),
    "half a pair in JSON": (b'{"manifest": {"name": "m", "description": "\\ud83d"}}', "not-yaml"),
    "a list of documents": (b'[{"manifest": {"name": "m"}}]', "wrong-form"),
    "nothing": (b"", "not-a-document"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "not-a-document"),
}  # fmt: skip

# What looks like the above, and is what people write.
READ: Mapping[str, bytes] = {
    "UTF-16 with its mark": '<?xml version="1.0" encoding="UTF-16"?><manifest name="m"/>'.encode("utf-16"),
    "UTF-8 with its mark": b"\xef\xbb\xbf" + TYPED.format("UTF-8").encode(),
    "Latin": TYPED.format("ISO-8859-1").replace("/>", ' description="\xe9"/>').encode("latin-1"),
    "joiners in a text": '<manifest name="m" description="\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"/>'.encode(),
    "an emoji of several": '<manifest name="m" description="\U0001f468\u200d\U0001f4bb"/>'.encode(),
    "a pair in JSON": b'{"manifest": {"name": "m", "description": "\\ud83d\\ude00 \\\\ud83d\\\\ude00"}}',
    "tabs and slashes in JSON": b'{\t"manifest":\t{\t"name":\t"m",\n\t"zone": "a\\/b"\t}\n}',
}


@pytest.mark.parametrize("what", REFUSED)
def test_bad_input_is_refused_with_a_diagnostic(what: str) -> None:
    data, code = REFUSED[what]
    reading = read(data)
    check_reading(reading, data)
    assert reading.document is None
    assert code in {one.code for one in errors(reading.diagnostics)}, [str(one)[:200] for one in reading.diagnostics]


@pytest.mark.parametrize("what", READ)
def test_good_input_that_looks_like_bad_is_read(what: str) -> None:
    reading = read(READ[what])
    assert reading.document is not None, [str(one) for one in reading.diagnostics]


def test_a_pair_of_escapes_in_json_is_one_character_and_moves_no_place() -> None:
    data = b'{"manifest": {"name": "m", "description": "\\ud83d\\ude00 \\\\ud83d\\\\ude00", "nmae": "x"}}'
    reading = read(data)
    assert reading.tree
    assert reading.tree.attributes["description"].value == "\U0001f600 \\ud83d\\ude00"
    assert [(one.code, one.column) for one in reading.diagnostics] == [("unknown-attribute", data.index(b'"nmae"') + 1)]


LARGE = """
import os, resource
from manifests import read
for data in (
    b'<manifest name="m">' + b'<node name="a"/>' * 120_000 + b"</manifest>",
    b"<manifest name=m>" + b'<node name="a"/>' * 120_000 + b"</manifest>",
    b'<manifest name="m">' + b'<a b=""/>' * 149_000 + b"</manifest>",
    b'{"manifest":{"name":"m","node":[' + b'{"name":"a"},' * 149_000 + b"{}]}}",
    b"manifest: {name: m, " + b"a: b, " * 149_000 + b"}",
    b'<manifest name="m" description="' + b"&amp;" * 400_000 + "\\u202e".encode() + b'"/>',
    b'{"manifest":{"name":"m","description":"' + b"\\\\ud83d\\\\ude00" * 170_000 + b'"}}',
    b'<manifest name="m">' + b"<node name=a/>" * 140_000 + b"</manifest>",
    b"&a [" + b"*a," * 600_000 + b"]",
):
    if not os.fork():
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = read(data)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print((peak - before) // 1024, data[:40], flush=True)
        os._exit(len(found.diagnostics) > 201)
    assert os.wait()[1] == 0
"""


@pytest.mark.slow
def test_the_largest_body_takes_less_than_200_mib() -> None:
    """Of documents within the limit of bytes, those that become the most; each in a process of its own. That hostile
    ones are refused in bounded memory is tried in `test_reader`, with the ordinary tests."""
    done = subprocess.run([sys.executable, "-c", LARGE], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0, done.stderr
    taken = {line.partition(" ")[2]: int(line.partition(" ")[0]) for line in done.stdout.splitlines()}
    assert len(taken) == 9
    assert max(taken.values()) < 200, taken
