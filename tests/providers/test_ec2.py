"""What the ec2 driver says and believes, without a server; and what a server was told, at moto."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Network
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import orjson
import pytest

from providers.ec2.account import Account
from providers.ec2.credentials import Chain, Credentials
from providers.ec2.driver import Ec2
from providers.ec2.errors import kind_of
from providers.ec2.firewalls import permissions
from providers.ec2.networks import parts
from providers.ec2.options import Options
from providers.ec2.wire import Call, Place, Wire
from providers.errors import Ambiguous, Auth, Conflict, NotFound, ProviderError, Quota, Refused, Throttled, Unavailable
from providers.protocol import Kind, MachineSpec, NetworkSpec, Rule, State
from providers.transport import Clock
from tests.providers import ec2

Answer = Callable[[dict[str, str]], httpx.Response]
ZONE = "<item><zoneName>xx-new-1a</zoneName><regionName>xx-new-1</regionName></item>"
ZONES = f"<availabilityZoneInfo>{ZONE}</availabilityZoneInfo>"


def driver(answer: Answer, requests: list[httpx.Request] | None = None) -> Ec2:
    """A driver in a region that libcloud does not know, whose server answers as told."""

    def handle(request: httpx.Request) -> httpx.Response:
        if requests is not None:
            requests.append(request)
        return answer({name: values[0] for name, values in parse_qs(request.content.decode()).items()})

    options = Options(region="xx-new-1", key="k", secret="s")
    by = httpx.MockTransport(handle)
    chain = Chain(options, httpx.Client(transport=by), {}, lambda: 0.0)
    return Ec2("paris", Account(options), Wire("paris", Place("xx-new-1", "http://ec2.test"), chain, by), by.close)


def said(action: str, inner: str) -> httpx.Response:
    text = f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}</{action}Response>'
    return httpx.Response(200, text=text)


def failed(status: int, code: str) -> httpx.Response:
    error = f"<Response><Errors><Error><Code>{code}</Code><Message>why</Message></Error></Errors></Response>"
    return httpx.Response(status, text=error)


def test_nobody_loads_libcloud_who_does_not_use_it() -> None:
    code = "import sys, providers, providers.ec2; sys.exit('libcloud' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_region_that_libcloud_does_not_know_is_signed_for_with_version_4() -> None:
    requests: list[httpx.Request] = []
    found = driver(lambda asked: said(asked["Action"], f"<internetGatewaySet/><vpcSet/>{ZONES}"), requests)
    assert found.list({}, kinds={Kind.NETWORK}, deadline=5.0) == []
    assert "/xx-new-1/ec2/aws4_request" in requests[0].headers["Authorization"]


@pytest.mark.parametrize(
    "body", ["", "<html/>", "<DescribeVpcsResponse/>", "<OtherResponse><vpcSet/></OtherResponse>", "{}"]
)
def test_an_answer_that_is_not_ec2s_is_not_taken_for_an_empty_list(body: str) -> None:
    with pytest.raises(Ambiguous):
        driver(lambda _: httpx.Response(200, text=body)).list({}, kinds={Kind.NETWORK}, deadline=5.0)


def test_an_empty_list_is_not_believed_of_a_server_that_knows_no_zone_of_our_region() -> None:
    found = driver(lambda asked: said(asked["Action"], "<internetGatewaySet/><vpcSet/><availabilityZoneInfo/>"))
    with pytest.raises(Unavailable, match="not believed"):
        found.list({}, kinds={Kind.NETWORK}, deadline=5.0)


def test_a_gateway_that_was_made_when_its_network_was_gone_is_listed_and_given_back() -> None:
    """Whatever came too late: EC2 makes it all the same, attached to nothing."""
    part = "<item><key>accords-mark-part</key><value>vpc-{0}</value></item>"
    tag = f"<tagSet>{part}<item><key>a</key><value>1</value></item></tagSet>"
    attached = "<attachmentSet><item><vpcId>vpc-1</vpcId></item></attachmentSet>"
    item = "<item><internetGatewayId>igw-{0}</internetGatewayId>{1}</item>"
    there = [item.format(1, attached + tag.format(1)), item.format(2, tag.format(2)), item.format(3, tag.format(3))]
    vpc = f"<vpcId>vpc-3</vpcId><state>available</state><cidrBlock>10.0.0.0/16</cidrBlock>{tag.format(3)}"
    vpcs = f"<vpcSet><item>{vpc}</item></vpcSet>"
    asked: list[dict[str, str]] = []

    def answer(request: dict[str, str]) -> httpx.Response:
        asked.append(request)
        return said(request["Action"], f"<internetGatewaySet>{''.join(there)}</internetGatewaySet>{vpcs}{ZONES}")

    found = driver(answer)
    lone = [each for each in found.list({"a": "1"}, kinds={Kind.NETWORK}, deadline=5.0) if each.id.startswith("igw")]
    assert [(each.id, each.state) for each in lone] == [("igw-2", State.ERROR)]
    assert found.observe(Kind.NETWORK, "igw-2", deadline=5.0) == lone[0]
    found.delete(Kind.NETWORK, "igw-2", deadline=5.0)
    assert (asked[-1]["Action"], asked[-1]["InternetGatewayId"]) == ("DeleteInternetGateway", "igw-2")


def test_lists_are_read_to_their_last_page() -> None:
    def answer(asked: dict[str, str]) -> httpx.Response:
        page = int(asked.get("NextToken", "1"))
        more = f"<nextToken>{page + 1}</nextToken>" if page < 3 else ""
        item = f"<item><volumeId>vol-{page}</volumeId><status>available</status><size>1</size></item>"
        return said(asked["Action"], f"<volumeSet>{item}</volumeSet>{more}")

    listed = driver(answer).list({}, kinds={Kind.VOLUME}, deadline=5.0)
    assert [each.id for each in listed] == ["vol-1", "vol-2", "vol-3"]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "AuthFailure", Auth),
        (503, "RequestLimitExceeded", Throttled),
        (400, "VcpuLimitExceeded", Quota),
        (400, "VpcLimitExceeded", Quota),
        (400, "InsufficientInstanceCapacity", Quota),
        (400, "DependencyViolation", Conflict),
        (400, "InvalidVolume.NotFound", NotFound),
        (400, "InvalidParameterValue", Refused),
        (500, "InternalError", Ambiguous),
        (503, "Unavailable", Unavailable),
        (502, "", Ambiguous),
    ],
)
def test_each_code_is_one_of_our_errors(status: int, code: str, error: type[ProviderError]) -> None:
    assert kind_of(code, status) is error
    with pytest.raises(error) as raised:
        driver(lambda _: failed(status, code)).list({}, deadline=5.0)
    assert raised.value.provider == "paris"


def test_credentials_of_a_role_are_renewed_before_their_end_and_once_when_they_are_refused() -> None:
    now, made = [0.0], [0]

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/token") or request.url.path.endswith("credentials/"):
            return httpx.Response(200, text="role")
        made[0] += 1
        document = {"AccessKeyId": f"k{made[0]}", "SecretAccessKey": "s", "Token": "t"}
        return httpx.Response(200, content=orjson.dumps({**document, "Expiration": "1970-01-01T01:00:00Z"}))

    client = httpx.Client(transport=httpx.MockTransport(serve))
    chain = Chain(Options(region="r"), client, {"AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}, lambda: now[0])
    first = chain.current(Clock(5.0))
    assert first == Credentials("k1", "s", "t", 3600.0)
    assert chain.current(Clock(5.0)) == first
    now[0] = 3400.0
    assert chain.current(Clock(5.0)).key == "k2"
    assert chain.renewed(first, Clock(5.0)).key == "k2"


def test_a_credential_that_ended_is_asked_for_again_once(tmp_path: Path) -> None:
    file, keys = tmp_path / "credentials", []
    file.write_text("[default]\naws_access_key_id = old\naws_secret_access_key = s\n")

    def serve(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["Authorization"].partition("Credential=")[2].partition("/")[0])
        file.write_text("[default]\naws_access_key_id = new\naws_secret_access_key = s\n")
        return failed(400, "RequestExpired") if keys[-1] == "old" else said("DescribeVpcs", "<vpcSet/>")

    by = httpx.MockTransport(serve)
    given = {"AWS_SHARED_CREDENTIALS_FILE": str(file)}
    chain = Chain(Options(region="r"), httpx.Client(transport=by), given, lambda: 0.0)
    call = Call(Wire("w", Place("r", "http://ec2.test"), chain, by), Clock(5.0))
    assert list(call.each("DescribeVpcs", "vpcSet/item")) == []
    assert keys == ["old", "new"]


def test_a_range_is_cut_into_a_part_a_zone() -> None:
    assert parts(IPv4Network("10.0.0.0/24"), ["a"]) == [("a", IPv4Network("10.0.0.0/24"))]
    assert [str(each) for _, each in parts(IPv4Network("10.0.0.0/24"), ["a", "b", "c"])] == [
        "10.0.0.0/26",
        "10.0.0.64/26",
        "10.0.0.128/26",
    ]
    with pytest.raises(Refused, match="too small"):
        parts(IPv4Network("10.0.0.0/28"), ["a", "b"])


def test_a_rule_is_said_with_its_range_or_its_nodes_group() -> None:
    found = permissions((Rule("tcp", 80, 90, "node:web"), Rule("any", 0, 0, "::/0")), {"web": "sg-1"})
    assert found["IpPermissions.1.Groups.1.GroupId"] == "sg-1"
    assert (found["IpPermissions.1.FromPort"], found["IpPermissions.1.ToPort"]) == ("80", "90")
    assert found["IpPermissions.2.Ipv6Ranges.1.CidrIpv6"] == "::/0"
    assert found["IpPermissions.2.IpProtocol"] == "-1"


def test_wrong_options_are_all_named() -> None:
    with pytest.raises(Refused, match=r"region: .*; colour: "):
        ec2.opened(colour="blue")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> object:
    try:
        with ec2.moto(tmp_path_factory.mktemp("moto")) as port:
            yield port
    except ec2.Missing as reason:
        pytest.skip(str(reason))


def test_user_data_reach_the_machine_whole_and_metadata_take_a_session(server: int) -> None:
    found = ec2.opened(**ec2.options(server, ec2.IMAGES["moto"]))
    text = "#cloud-config\n" + "é" * 7000
    lan = found.create(NetworkSpec("lan"), token="lan1", tags={}, deadline=20.0)
    spec = MachineSpec("n", "n", ec2.IMAGES["moto"], size="t3.micro", networks=(lan.id,), user_data=text)
    made = found.create(spec, token="n1", tags={"accords-node": "n"}, deadline=20.0)
    assert made.state in {State.PENDING, State.ACTIVE}
    call = Call(found._wire, Clock(20.0))
    shown = call.ask("DescribeInstanceAttribute", {"InstanceId": made.id, "Attribute": "userData"})
    assert base64.b64decode(shown.findtext("userData/value", "")).decode() == text
    shown = call.ask("DescribeInstances", {"InstanceId.1": made.id})
    assert shown.findtext(".//metadataOptions/httpTokens") == "required"


def test_a_network_that_was_left_in_the_middle_is_broken_completed_and_wholly_removed(server: int) -> None:
    found = ec2.opened(**ec2.options(server, ec2.IMAGES["moto"]))
    call = Call(found._wire, Clock(20.0))
    marked = {"TagSpecification.1.ResourceType": "vpc", "TagSpecification.1.Tag.1.Key": "accords-token"}
    call.ask("CreateVpc", {"CidrBlock": "10.5.0.0/24", **marked, "TagSpecification.1.Tag.1.Value": "left"})
    broken = found.find(Kind.NETWORK, "left", deadline=20.0)
    assert broken is not None
    assert broken.state is State.ERROR
    whole = found.create(NetworkSpec("lan"), token="left", tags={}, deadline=20.0)
    assert (whole.id, whole.state) == (broken.id, State.ACTIVE)
    found.delete(Kind.NETWORK, whole.id, deadline=20.0)
    assert found.find(Kind.NETWORK, "left", deadline=20.0) is None
    gateways = call.each("DescribeInternetGateways", "internetGatewaySet/item")
    assert whole.id not in {each.findtext("attachmentSet/item/vpcId") for each in gateways}
