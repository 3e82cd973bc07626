"""Every diagnostic code of this package: what it means, and a document that earns it. Documentation is made from here.

Codes are stable once released: a code may gain cases, never change its meaning. `tests/manifests/test_codes.py` reads
each example and looks for its code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from manifests.diagnostics import Severity


@dataclass(frozen=True, slots=True)
class Code:
    """`stage` is read, fill (read again, with no inputs given), library (read where a server knows other documents),
    offline (read where none does), place or plan. `example` is the smallest body of a document that earns the code;
    empty where it takes an offer, a size or bytes that do not print."""

    meaning: str
    example: str = ""
    stage: str = "read"
    severity: Severity = Severity.ERROR


def _node(content: str) -> str:
    return f'<manifest name="m"><node name="a">{content}</node></manifest>'


def _act(expression: str) -> str:
    return (
        '<manifest name="m"><node name="a"/><node name="b"/><configuration>'
        f'<action expression="{expression}"/></configuration></manifest>'
    )


_WARNING = Severity.WARNING

CODES: Mapping[str, Code] = {
    "body-too-large": Code("The document has more bytes than the limit allows."),
    "too-many-parts": Code("More elements, attributes or levels than any document needs."),
    "too-many-diagnostics": Code("There is more to say than is listed; mend the first ones and read it again."),
    "encoding": Code(
        "The bytes are not text in the encoding they say they are.", '<?xml version="1.0" encoding="x"?><m/>'
    ),
    "doctype": Code("The XML has a DOCTYPE: never read, because of what entities can do.", "<!DOCTYPE m><m/>"),
    "not-xml": Code("The text is not well-formed XML, and cannot be mended safely.", "<manifest name='m'>"),
    "repaired-declaration": Code(
        "The XML declaration has something before it, is incomplete, or misspells an encoding: read as it was meant.",
        '<?xml version="1.0" encoding="UTF8"?><manifest name="m"/>',
        severity=_WARNING,
    ),
    "repaired-quotes": Code(
        "A value without quotes, in typographic quotes or in two different ones was read as if in straight quotes.",
        "<manifest name=m/>",
        severity=_WARNING,
    ),
    "repaired-blank": Code(
        "A blank is missing between two attributes.", '<manifest name="m"zone="z"/>', severity=_WARNING
    ),
    "repaired-tag": Code(
        "A tag without its end, with something in its end, or an end tag of a name that is not open, was completed.",
        '<manifest name="m"><configuration><action expression=""</configuration></manifest>',
        severity=_WARNING,
    ),
    "repaired-mark": Code(
        "A semicolon or comma between elements or attributes was left out.",
        '<manifest name="m"><node name="a"/>;</manifest>',
        severity=_WARNING,
    ),
    "repaired-escape": Code(
        "A bare & or < was read as the character it is.",
        '<manifest name="m" description="this && that"/>',
        severity=_WARNING,
    ),
    "repaired-duplicate": Code(
        "An attribute stands twice with the same value; with two values it is an error.",
        '<manifest name="m" zone="z" zone="z"/>',
        severity=_WARNING,
    ),
    "hidden-character": Code(
        "A value holds a control character, or one that hides itself or reorders the text around it.",
        '<manifest name="m" description="a&#x202e;b"/>',
    ),
    "not-yaml": Code("The text is not YAML.", "manifest: ["),
    "alias": Code("YAML anchors, aliases and tags of types are refused.", "manifest: &a {name: m, node: [*a]}"),
    "not-a-document": Code("The root is no document that is read here.", "<exprot/>"),
    "namespace": Code("An element is in a namespace that is not CORDS'.", '<manifest xmlns="urn:x" name="m"/>'),
    "unknown-element": Code("This element has no such child.", _node("<imgae/>")),
    "unknown-attribute": Code("This element has no such attribute.", '<manifest name="m" nmae="n"/>'),
    "wrong-form": Code(
        "An attribute is written as an element, or an element as an attribute.", '<manifest name="m" node="n"/>'
    ),
    "duplicate": Code(
        "Something that stands once is there twice, or two things have one name.", _node("<image/><image/>")
    ),
    "missing": Code("A required attribute or element is not there.", "<manifest/>"),
    "bad-value": Code(
        "A value is not of its attribute's type or unit.",
        _node('<infrastructure><compute cores="many"/></infrastructure>'),
    ),
    "stray-text": Code("Text stands where only elements may.", "<manifest name='m'>hello</manifest>"),
    "reserved-name": Code(
        "A manifest is called simple, which is the type of a node that is none.", '<manifest name="simple"/>'
    ),
    "method-name": Code(
        "A method of an interface is called like one that every node has: no statement can mean it.",
        '<manifest name="m"><node name="a"/><interface>'
        '<action name="system" expression="a.fork(\'x\');"/></interface></manifest>',
        severity=_WARNING,
    ),
    "two-definitions": Code(
        "An empty named element refers to two of that name that differ, or an import defines a name twice.",
        '<manifest name="m"><node name="a"><image name="i"><system name="x"/></image></node><node name="b">'
        '<image name="i"><system name="y"/></image></node><node name="c"><image name="i"/></node></manifest>',
    ),
    "same-name": Code(
        "Two elements of one kind and name differ; each is its own, and none can be referred to by that name.",
        '<manifest name="m"><node name="a"><image name="i" agent="none"/></node>'
        '<node name="b"><image name="i" agent="cosacs"/></node></manifest>',
        severity=_WARNING,
    ),
    "reference-nowhere": Code(
        "An empty named element refers to nothing that is known: it is taken as it is.",
        _node('<infrastructure name="i"/>'),
        severity=_WARNING,
    ),
    "reference-choice": Code(
        "The library has several definitions of a name; the newest is taken.",
        _node('<image name="i"/>'),
        "library",
        _WARNING,
    ),
    "reference-elsewhere": Code(
        "A node without content is the one of that name in another document.",
        '<manifest name="m"><node name="kept"/></manifest>',
        "library",
        _WARNING,
    ),
    "nested-cycle": Code(
        "A manifest is, through its nodes, inside itself.", '<manifest name="m"><node name="a" type="m"/></manifest>'
    ),
    "nested-depth": Code(
        "Manifests are inside each other deeper than any real ones.",
        '<manifest name="m"><node name="a" type="deep1"/></manifest>',
        "library",
    ),
    "nested-nowhere": Code(
        "A node is a manifest, or the document of an application, that nobody has sent.",
        '<manifest name="m"><node name="a" type="other"/></manifest>',
        "library",
    ),
    "nested-unread": Code(
        "A node is another document, and there is no server here to ask for it.",
        '<manifest name="m"><node name="a" type="other"/></manifest>',
        severity=_WARNING,
    ),
    "nested-errors": Code(
        "The manifest that a node is has errors of its own.",
        '<manifest name="m"><node name="a" type="wrong"/></manifest>',
        "library",
    ),
    "nested-warnings": Code(
        "The manifest that a node is has warnings of its own.",
        '<manifest name="m"><node name="a" type="old"/></manifest>',
        "library",
        _WARNING,
    ),
    "not-acted-on": Code(
        "The document, or a part of it, is checked and stored, and nothing acts on it yet.",
        '<provider name="p"/>',
        severity=_WARNING,
    ),
    "terms-type": Code(
        "The type of a group of terms is a historic one, or missing; its content says what is meant.",
        '<agreement name="a"><terms type="service"><term><manifest name="m"/></term></terms></agreement>',
        severity=_WARNING,
    ),
    "empty-guarantee": Code(
        "A guarantee has no variable: nobody could judge it, and it is left out.",
        '<agreement name="a"><terms type="guarantees"><term><guarantee name="g"/></term></terms></agreement>',
        severity=_WARNING,
    ),
    "historic-attribute": Code(
        "Something that real documents have and no schema does: read, with what to write instead.",
        _node('<infrastructure><network name="n"><port name="p" number="80"/></network></infrastructure>'),
        severity=_WARNING,
    ),
    "action-syntax": Code("An expression cannot be read as statements.", _act("a.configure(b.hostname;")),
    "action-end": Code("A statement does not end with a semicolon.", _act("a.system('x')")),
    "action-path": Code("A statement names a node that the document does not have.", _act("c.configure(b.hostname);")),
    "action-property": Code("A statement names a property that nodes do not have.", _act("a.configure(b.colour);")),
    "action-method": Code("A statement names a method that nodes do not have.", _act("a.explode();")),
    "action-arguments": Code(
        "A method is given too few, too many or the wrong kind of arguments.", _act("a.system(b.hostname);")
    ),
    "action-several": Code(
        "A path ends at a node that is a manifest with several nodes: none of them is meant.",
        '<manifest name="m"><node name="a"/><node name="p" type="pair"/><configuration>'
        '<action expression="a.configure(p.hostname);"/></configuration></manifest>',
        "library",
    ),
    "action-consumer": Code("A monitor statement names a consumer that there is not.", _act("a.monitor(slum.cpu);")),
    "metric-unread": Code(
        "A monitor statement names a metric that is not built in; no server is here to ask for it.",
        _act("a.monitor(slam.queue);"),
        "offline",
        _WARNING,
    ),
    "action-metric": Code(
        "A monitor statement names a metric that nobody measures.", _act("a.monitor(slam.cpuu);"), "library"
    ),
    "metric-location": Code(
        "A monitor statement does not say where its metric is to be measured.", _act("a.monitor(slam.du);"), "library"
    ),
    "metric-outside": Code(
        "A node that nobody here makes is asked for a metric that only its own agent could measure.",
        '<manifest name="m"><node name="a" provider="external" address="10.1.2.3"/><configuration>'
        '<action expression="a.monitor(slam.cpu);"/></configuration></manifest>',
        "library",
    ),
    "historic-method": Code(
        "A historic word for a method; it means what the modern one does.",
        _act("a.command('x');"),
        severity=_WARNING,
    ),
    "historic-cordscript": Code(
        "A script for the original's parser, or a call of its servers: recognised, and not acted on.",
        _act("a.new();"),
        severity=_WARNING,
    ),
    "input-unknown": Code(
        "An input is used, or given a value, that the document does not declare.",
        '<manifest name="m"><node name="a" zone="${input.site}"/></manifest>',
    ),
    "input-missing": Code(
        "An input has neither a default nor a value.",
        '<manifest name="m"><input name="site"/><node name="a" zone="${input.site}"/></manifest>',
        "fill",
    ),
    "input-value": Code(
        "A value of an input, given or by default, is not of its type or none of those allowed.",
        '<manifest name="m"><input name="c" type="flag" default="many"/><node name="a" zone="${input.c}"/></manifest>',
    ),
    "input-secret": Code(
        "A secret input would stand in a document or a plan to be read; only configure passes it on.",
        '<manifest name="m"><input name="p" secret="yes"/><node name="a" zone="${input.p}"/></manifest>',
    ),
    "input-unused": Code(
        "An input is declared and used nowhere.",
        '<manifest name="m"><input name="site"/><node name="a"/></manifest>',
        severity=_WARNING,
    ),
    "output-property": Code(
        "An output says a property that there is not.",
        '<manifest name="m"><node name="a"/><output name="o" value="a.colour"/></manifest>',
    ),
    "output-secret": Code(
        "An output would print a secret.",
        '<manifest name="m"><node name="a"/><output name="o" value="a.password"/></manifest>',
    ),
    "outside-address": Code(
        "A node that is outside (provider external) says no address, and nobody here could find it.",
        '<manifest name="m"><node name="a" provider="external"/></manifest>',
    ),
    "outside-part": Code(
        "A node that is outside has what only a node made here has, or the other way round.",
        '<manifest name="m"><node name="a" address="10.0.0.1"/></manifest>',
    ),
    "outside-target": Code(
        "A statement tells something to a node that is outside, where nobody here may.",
        '<manifest name="m"><node name="a" provider="external" address="10.0.0.1"/><configuration>'
        "<action expression=\"a.system('reboot');\"/></configuration></manifest>",
    ),
    "port-source": Code(
        "A port's range is neither a CIDR nor the name of a node of the document.",
        _node('<infrastructure><network name="n"><port name="p" range="nobody"/></network></infrastructure>'),
    ),
    "no-manifest": Code("An agreement is about no manifest.", '<agreement name="a"/>', severity=_WARNING),
    "node-type": Code(
        "The node is another manifest, which nobody has here or which has no nodes.",
        '<manifest name="m"><node name="a" type="other"/></manifest>',
        "place",
    ),
    "too-many-nodes": Code(
        "With those of the manifests it nests, there are more nodes than one service has.", "", "place"
    ),
    "no-provider-kind": Code(
        "The node's category is not `manifest`, and no provider takes nodes of that category whole.",
        '<manifest name="m"><node name="a" type="x" category="paas_manifest"/></manifest>',
        "place",
    ),
    "no-provider": Code(
        "No provider of the settings is the one the node names.",
        '<manifest name="m"><node name="a" provider="nowhere"/></manifest>',
        "place",
    ),
    "ended-provider": Code(
        "The provider that the node names has ended; what replaces it is said.",
        '<manifest name="m"><node name="a" provider="deltacloud"/></manifest>',
        "place",
    ),
    "no-offer": Code(
        "Every matching provider was refused, each for the reason given.",
        _node('<infrastructure><compute cores="9999"/></infrastructure>'),
        "place",
    ),
    "speed-is-a-wish": Code(
        "No provider promises a clock speed: the node may be slower.",
        _node('<infrastructure><compute speed="3GHz"/></infrastructure>'),
        "place",
        _WARNING,
    ),
    "no-public-address": Code(
        "A node would be public where the provider has no public addresses to give.",
        '<manifest name="m"><node name="a" access="public"/></manifest>',
        "place",
        _WARNING,
    ),
    "no-key": Code(
        "A node names an SSH key that the account does not have.",
        '<manifest name="m"><node name="a" key="ops"/></manifest>',
        "plan",
    ),
    "not-later": Code(
        "What a service can go through elsewhere (suspend, save) its nodes cannot where they are placed.",
        "",
        "place",
        _WARNING,
    ),
    "open-node": Code(
        "A node is placed where no firewall closes it, as the provider's settings (`open`) allow.",
        "",
        "place",
        _WARNING,
    ),
    "not-placed": Code("A node has no placement, so nothing can be planned for it.", stage="plan"),
    "cycle": Code(
        "Nodes wait for each other: each needs a property of the next.",
        _act("a.configure(b.hostname); b.configure(a.hostname);"),
        "plan",
    ),
    "shared-target": Code(
        "A common node would be told of a node that uses it, or lets one in by its name: the next user has others.",
        '<manifest name="m"><node name="a" scope="common"/><node name="b"/><configuration>'
        '<action expression="a.configure(b.hostname);"/></configuration></manifest>',
        "plan",
    ),
    "same-hostname": Code(
        "Two nodes of one network would have the same host name.",
        '<manifest name="m"><node name="a-b"/><node name="a_b"/></manifest>',
        "plan",
    ),
    "same-address": Code(
        "Two nodes of one network would have the same chosen address.",
        '<manifest name="m"><node name="a"><infrastructure><network name="n"><endpoint range="10.1.0.9"/></network>'
        '</infrastructure></node><node name="b"><infrastructure><network name="n"/></infrastructure></node></manifest>',
        "plan",
    ),
    "same-symbol": Code(
        "Two different values would reach a node under one environment variable.",
        '<manifest name="m"><node name="a"/><node name="b-c"/><node name="b:c"/><configuration>'
        '<action expression="a.configure(b-c.hostname); a.configure(b:c.hostname);"/></configuration></manifest>',
        "plan",
    ),
    "package-version": Code(
        "The distribution's own version is installed, whatever version the document names.",
        _node('<image><package name="p" version="5"/></image>'),
        "plan",
        _WARNING,
    ),
}
