"""What real clients send in text, and what is refused."""

from __future__ import annotations

import pytest

from broker.occi import read
from broker.occi.errors import Malformed, OcciError, Unknown
from broker.occi.media import Media, named
from broker.occi.model import CORE, INFRASTRUCTURE, Draft, Invocation, Mixin
from broker.occi.read import Filter, Request
from broker.occi.registry import Registry

COMPUTE = 'Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"\n'


def plain(body: str) -> Request:
    return Request(Media.PLAIN, {}, body.encode())


def headers(**said: str) -> Request:
    return Request(Media.OCCI, {name.replace("_", "-"): value for name, value in said.items()}, b"ignored")


CREATE = b"""\
Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"
Category: prod; scheme="http://example.org/users/ann/tags#"; class="mixin"
X-OCCI-Attribute: occi.core.title="web 1"
X-OCCI-Attribute: occi.compute.cores=2
Link: </network/b7d55bf4>; rel="http://schemas.ogf.org/occi/infrastructure#network"; \
category="http://schemas.ogf.org/occi/infrastructure#networkinterface \
http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface"; \
occi.networkinterface.address="192.168.0.100"; occi.networkinterface.allocation="static"
"""


@pytest.mark.occi("COL-10")
def test_col_10_a_create_request_brings_its_links_along(cloud: Registry) -> None:
    assert read.entity(cloud, Request(Media.PLAIN, {}, CREATE)) == Draft(
        kind=f"{INFRASTRUCTURE}compute",
        title="web 1",
        mixins=("http://example.org/users/ann/tags#prod",),
        attributes={"occi.compute.cores": 2},
        links=(
            Draft(
                kind=f"{INFRASTRUCTURE}networkinterface",
                mixins=("http://schemas.ogf.org/occi/infrastructure/networkinterface#ipnetworkinterface",),
                attributes={
                    "occi.networkinterface.address": "192.168.0.100",
                    "occi.networkinterface.allocation": "static",
                },
                target="/network/b7d55bf4",
                target_kind=f"{INFRASTRUCTURE}network",
            ),
        ),
    )


@pytest.mark.occi("TXT-20")
@pytest.mark.parametrize("end", ["\n", "\r\n", "\n\r", "\n\n", "\r"])
def test_txt_20_any_run_of_cr_and_lf_ends_a_line(cloud: Registry, end: str) -> None:
    body = COMPUTE.strip() + end + 'x-occi-ATTRIBUTE:occi.core.title="t"' + end
    assert read.entity(cloud, plain(body)).title == "t"


@pytest.mark.occi("TXT-02")
@pytest.mark.parametrize(
    "line",
    [
        'Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"',
        'Category: compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class=kind;',
        'Category:compute;class="KIND";scheme="http://schemas.ogf.org/occi/infrastructure#"',
        'Category: "compute"; scheme=http://schemas.ogf.org/occi/infrastructure#; class="kind"; title="a, b; c"; '
        'rel="http://schemas.ogf.org/occi/core#resource"; location="/compute/"; attributes="a{immutable} b"',
    ],
)
def test_txt_02_a_category_may_lack_its_class_and_be_long(cloud: Registry, line: str) -> None:
    assert read.entity(cloud, plain(line)).kind == f"{INFRASTRUCTURE}compute"


@pytest.mark.occi("TXT-11")
def test_txt_11_commas_and_escaped_quotes_in_a_title_separate_nothing(cloud: Registry) -> None:
    request = headers(
        category='compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"',
        x_occi_attribute='occi.compute.memory=3.6, occi.core.title="a; b, \\", occi.compute.memory=1.0"',
    )
    found = read.entity(cloud, request)
    assert (found.title, found.attributes) == ('a; b, ", occi.compute.memory=1.0', {"occi.compute.memory": 3.6})


@pytest.mark.occi("TXT-11", "TXT-34")
def test_txt_11_headers_are_utf8_carried_as_latin1(cloud: Registry) -> None:
    request = headers(x_occi_attribute='occi.core.title="Grüße"'.encode().decode("latin-1"))
    assert read.entity(cloud, request).title == "Grüße"


@pytest.mark.occi("TXT-12")
def test_txt_12_in_1_1_mode_a_text_needs_no_quotes(cloud: Registry) -> None:
    """As 1.1's own example has it."""
    said = {"x-occi-attribute": "occi.compute.hostname=foobar, occi.compute.cores=2, occi.core.title=a.b/c-1"}
    found = read.entity(cloud, Request(Media.OCCI, said, older=True))
    assert (found.title, found.attributes) == ("a.b/c-1", {"occi.compute.hostname": "foobar", "occi.compute.cores": 2})
    assert read.filters(cloud, said, older=True).attributes["occi.compute.hostname"] == "foobar"
    with pytest.raises(Malformed, match="hostname"):
        read.entity(cloud, Request(Media.OCCI, said))


@pytest.mark.occi("TXT-12")
@pytest.mark.parametrize("said", ["a b", 'a"b', "a=b", "a<b", "a\\b", "a\x01b"])
def test_txt_12_what_separates_is_quoted_in_1_1_mode_too(cloud: Registry, said: str) -> None:
    with pytest.raises(Malformed):
        read.entity(cloud, Request(Media.OCCI, {"x-occi-attribute": f"occi.compute.hostname={said}"}, older=True))


@pytest.mark.occi("TXT-22")
@pytest.mark.parametrize("body", [b"", b"OK", b" OK\n"])
def test_txt_22_a_body_that_says_nothing_leaves_it_to_the_headers(cloud: Registry, body: bytes) -> None:
    request = Request(Media.PLAIN, {"x-occi-attribute": 'occi.core.title="t"'}, body)
    assert read.entity(cloud, request).title == "t"


@pytest.mark.occi("ENT-05")
def test_ent_05_action_links_that_come_back_are_ignored(cloud: Registry) -> None:
    found = read.entity(cloud, plain(COMPUTE + 'Link: </compute/1?action=start>; rel="http://x#start"'))
    assert found.links == ()


@pytest.mark.occi("ENT-12")
def test_ent_12_an_inline_link_takes_its_target_from_the_uri(cloud: Registry) -> None:
    link = (
        f'Link: </storage/2>; rel="{INFRASTRUCTURE}storage"; self="/storagelink/im-1"; '
        f'category="{INFRASTRUCTURE}storagelink"; occi.core.id="urn:uuid:7"; occi.core.source="/compute/1"; '
        'occi.core.target="/storage/other"'
    )
    found = read.entity(cloud, plain(COMPUTE + link)).links[0]
    assert (found.target, found.id, found.source, found.location) == (
        "/storage/2",
        "7",
        "/compute/1",
        "/storagelink/im-1",
    )


@pytest.mark.occi("TXT-08")
def test_txt_08_a_link_without_category_is_cores_link(cloud: Registry) -> None:
    assert read.entity(cloud, plain(COMPUTE + f'Link: </x/2>; rel="{CORE}resource"')).links[0].kind == f"{CORE}link"


@pytest.mark.occi("HTTP-21")
@pytest.mark.parametrize(
    ("body", "term"),
    [
        (COMPUTE + 'X-OCCI-Atribute: a="b"', "X-OCCI-Atribute"),
        ("Category: compute", "compute"),
        ('Category: compute; scheme="http://x#; class="kind"', "x#"),
        ('Category: compute; scheme="http://x', "not closed"),
        (COMPUTE + "X-OCCI-Attribute: occi.compute.state=active", "occi.compute.state"),
        (COMPUTE + "X-OCCI-Attribute: occi.compute.cores=", "occi.compute.cores"),
        (COMPUTE + "X-OCCI-Attribute: occi.core.title=5", "occi.core.title"),
        (COMPUTE + "X-OCCI-Attribute: a.b=1, a.b=2", "a.b"),
        (COMPUTE + "X-OCCI-Attribute: a.b=1e999", "a.b"),
        (COMPUTE + "X-OCCI-Attribute: a.b=" + "9" * 5000, "a.b"),
        (COMPUTE + 'X-OCCI-Attribute: a.b="x\0"', "NUL"),
        (COMPUTE + 'Link: /x/2; rel="y"', "/x/2"),
        (COMPUTE + 'Category: network; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"', "network"),
        ('Category: start; scheme="http://x#"; class="action"', "http://x#start"),
        ("Category: ;", "nothing"),
        ("Category: " + '"' + '\\"' * 500_000, "not closed"),
        ("Category: " + "<" * 500_000, "no scheme"),
    ],
)
def test_http_21_what_cannot_be_read_is_named(cloud: Registry, body: str, term: str) -> None:
    with pytest.raises(Malformed) as raised:
        read.entity(cloud, plain(body))
    assert term in raised.value.message


def test_a_body_that_is_not_utf8_says_where(cloud: Registry) -> None:
    with pytest.raises(Malformed, match="byte 10"):
        read.entity(cloud, Request(Media.PLAIN, {}, b"Category: \xff"))
    with pytest.raises(Malformed, match="UTF-8"):
        read.entity(cloud, headers(category="\xff"))


def test_a_category_without_class_that_nobody_knows_is_unknown(cloud: Registry) -> None:
    with pytest.raises(Unknown, match="http://x#y"):
        read.entity(cloud, plain('Category: y; scheme="http://x#"'))


@pytest.mark.occi("ACT-02")
def test_act_02_an_invocation_ignores_the_extras_of_its_category() -> None:
    category = 'stop; scheme="http://s/action#"; class="action"; title="Stop"; attributes="method"'
    found = read.invocation(headers(category=category, x_occi_attribute='method="graceful"'))
    assert found == Invocation("http://s/action#stop", {"method": "graceful"})


def test_an_empty_invocation_leaves_the_action_to_the_url() -> None:
    for media in (Media.PLAIN, Media.OCCI, Media.JSON):
        assert read.invocation(Request(media)) == Invocation(None)


@pytest.mark.occi("QI-06")
def test_qi_06_a_users_mixin_is_read_with_its_location() -> None:
    line = (
        'prod; scheme="http://e#"; class="mixin"; title="Production"; rel="http://e#any"; location="http://h/tags/p/"'
    )
    assert read.mixins(headers(category=line)) == (
        Mixin("http://e#", "prod", "Production", depends=("http://e#any",), location="/tags/p/", user=True),
    )


@pytest.mark.occi("QI-06")
@pytest.mark.parametrize(
    "line", ['x; scheme="http://e#"; class="kind"; location="/x/"', 'x; scheme="http://e#"; attributes="a"', ""]
)
def test_qi_06_only_mixins_without_attributes_can_be_registered(line: str) -> None:
    with pytest.raises(Malformed):
        read.mixins(headers(category=line))


@pytest.mark.occi("COL-21")
def test_col_21_members_are_named_by_location_or_uri_list() -> None:
    assert read.locations(headers(x_occi_location="http://h/compute/1, /compute/2")) == (
        "http://h/compute/1",
        "/compute/2",
    )
    assert read.locations(Request(Media.URI_LIST, {}, b"# x\r\nhttp://h/compute/1\r\n/compute/2\n")) == (
        "http://h/compute/1",
        "/compute/2",
    )


@pytest.mark.occi("FIL-01")
def test_fil_01_filters_are_in_headers(cloud: Registry) -> None:
    said = {
        "category": 'compute; scheme="http://schemas.ogf.org/occi/infrastructure#"; class="kind"',
        "x-occi-attribute": 'occi.compute.state="active", occi.compute.cores=2',
    }
    assert read.filters(cloud, said) == Filter(
        (f"{INFRASTRUCTURE}compute",), {"occi.compute.state": "active", "occi.compute.cores": 2}
    )
    assert read.filters(cloud, {}) == Filter()


@pytest.mark.occi("FIL-03")
def test_fil_03_an_unknown_category_in_a_filter_is_unknown(cloud: Registry) -> None:
    with pytest.raises(OcciError) as raised:
        read.filters(cloud, {"category": 'y; scheme="http://x#"'})
    assert raised.value.status == 404


@pytest.mark.occi("URI-01")
def test_uri_01_an_entity_cannot_be_a_uri_list(cloud: Registry) -> None:
    with pytest.raises(Malformed, match="uri-list"):
        read.entity(cloud, Request(Media.URI_LIST, {}, b"http://h/x"))


@pytest.mark.occi("HTTP-05")
@pytest.mark.parametrize(
    ("header", "media"),
    [
        ("text/plain,text/occi", Media.PLAIN),
        ("text/occi+plain", Media.PLAIN),
        ("application/JSON; charset=utf-8", Media.PLAIN_JSON),
        ("image/png, application/occi+json", Media.JSON),
        ("image/png", None),
    ],
)
def test_http_05_a_content_type_is_the_first_that_is_known(header: str, media: Media | None) -> None:
    assert named(header) is media
