"""The rules of what is checked and kept and that nobody here acts on: imports, accounts, prices, providers,
federations, applications of other platforms (cords.md 5, Appendix A). One line a term, made into rules by one function.

Attributes, `>`, children. `!` after an attribute: it must be there. `:n`: a whole number. `:u`: read and not kept, what
a store fills in. `price?` stands at most once, `price!` exactly once, `quota*` any number of times, `quota*quotas` is
counted in `quotas`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from manifests.grammar.kinds import Kind
from manifests.grammar.rules import DECORATION, LABEL, NAMED, Attr, Child, Refers, Rule
from manifests.model import Position, Record

_CLOUD = "name description user password authenticate agent host version namespace base tls current:n"

_ACCOUNTS: Mapping[str, str] = {
    "account": "name! number date security legal nature invoicing users:u > user*users",
    "user": "name! password email role account authorization stamp:n when",
    "operator": "name! description account security pricelist",
    "price": "name! operator description currency fixed rate units period",
    "quota": (
        "name! property description operator price zone opinion units ceiling:n offered:n reserved:n consumed:n "
        "granularity:n value > price?"
    ),
    "provider": "name! identity category profile operator price zone opinion security quotas:u > quota*quotas",
    "geolocation": "name! category operator zone location country town gps",
    "firewall": "name! description node provider profile price endpoint network image ports:u > port*ports",
    "saas": "name! description vendor vender template price > manifest?",
    "federation": "name! description publisher user password security tls authorization status:n > saas* provider*",
}

_CONFIGURATIONS: Mapping[str, str] = {
    "openstack_configuration": _CLOUD,
    "opennebula_configuration": _CLOUD,
    "deltacloud_configuration": _CLOUD,
    "occi_openstack_configuration": _CLOUD,
    "os_config": _CLOUD,
    "windowsazure_configuration": (
        f"{_CLOUD} subscription certificate hostedservice storageaccount location group services:n"
    ),
    "paconfig": f"{_CLOUD} subscription certificate",
    "ec2config": f"{_CLOUD} accesskey secretkey location",
    "eziconfig": f"{_CLOUD} iaas",
    "computenext_configuration": "name description apikey apisec authentication agent host version base tls current",
    "dummy_config": "name description user password authentication agent host version base tls current:n",
    "paas_configuration": "name description host user password subscription tenant version port:n",
    "paasconfig": "name description host user password subscription tenant version tls port:n",
    "oa_config": (
        "name description user password authentication agent host version base tls current:n cloud_id hypervisor_type "
        "net_zone_id:n net_zone_label store_zone_id:n store_label memory_guarantee:n failover_disabled:n credentials "
        "cpus:n total_memory store_size user_id local_id label location_name location_city location_country "
        "location_region is_active:n created_at:n deleted:n backup_supported:n"
    ),
}

_EASICLOUDS: Mapping[str, str] = {
    "easiclouds_application": (
        "name! nodes:u links:u extras:u > easiclouds_node*nodes easiclouds_link*links easiclouds_extra*extras "
        "easiclouds_postconf? easiclouds_connection* easiclouds_parameters*"
    ),
    "easiclouds_connection": "name type number",
    "easiclouds_description": "name label value",
    "easiclouds_extra": "name > easiclouds_keypair*",
    "easiclouds_instance": "name address",
    "easiclouds_input": "name label value",
    "easiclouds_output": "name label value",
    "easiclouds_keypair": "name keyname",
    "easiclouds_link": (
        "name from to source target description extras:u > easiclouds_description? easiclouds_extra*extras"
    ),
    "easiclouds_metadata": "name label value",
    "easiclouds_model": (
        "name type size number easiclouds_input easiclouds_output easiclouds_instances:u > "
        "easiclouds_input? easiclouds_instance*easiclouds_instances easiclouds_output?"
    ),
    "easiclouds_node": (
        "name description tenant servers:u extras:u > "
        "easiclouds_description? easiclouds_server*servers easiclouds_extra*extras"
    ),
    "easiclouds_parameters": "name",
    "easiclouds_postconf": "name type parameters models:u > easiclouds_model*models",
    "easiclouds_server": (
        "name image access flavor configuration description metadatas:u > "
        "easiclouds_description? easiclouds_metadata*metadatas"
    ),
}

_PAAS: Mapping[str, str] = {
    "paas_application_manifest": (
        "name! description access paas_application paas_environment > paas_application? paas_environment?"
    ),
    "paas_application": "name! description! environment! paas_application_version > paas_application_version!",
    "paas_application_version": (
        "name label! paas_application_deployable paas_application_version_instance > "
        "paas_application_deployable! paas_application_version_instance!"
    ),
    "paas_application_deployable": "name! location! content_type multitenancy_level",
    "paas_application_version_instance": "name default_instance initial_state memory disk",
    "paas_environment": "name template paas_environment_template > paas_environment_template?",
    "paas_environment_template": (
        "name memory disk description paas_environment_node:u paas_environment_relation paas_environment_configuration"
        " > paas_environment_node* paas_environment_relation? paas_environment_configuration?"
    ),
    "paas_environment_node": "name version provider content_type",
    "paas_environment_relation": "name paas_environment_link:u > paas_environment_link*",
    "paas_environment_link": "name script",
    "paas_environment_configuration": "name > paas_environment_variable*",
    "paas_environment_variable": "name value",
}

# cords.xsd, and what real files import besides. What a manifest acts on is read as the same values as there.
_IMPORTED = (
    "infrastructure", "compute", "network", "port", "storage", "volume", "image", "system", "package", "action",
    "security", "metric", "account", "user", "operator", "price", "quota", "provider", "geolocation", "firewall",
    *_CONFIGURATIONS,
)  # fmt: skip
_IMPORT = f"name! description > {' '.join(f'{term}*' for term in _IMPORTED)}"
_TABLES = (_ACCOUNTS, _CONFIGURATIONS, _EASICLOUDS, _PAAS)
# Real documents outside the schemas (cords.md 8.6): the attribute, and what to write instead.
_HISTORIC = {("quota", "value"): "offered", ("user", "when"): "stamp", ("saas", "vender"): "vendor"}
# Those that stand in others by their names alone.
_REFERRED = frozenset({"provider", "federation", "price"})
_KINDS = {None: Kind.TEXT, "n": Kind.INTEGER, "u": Kind.READ}
_ATTRIBUTE = re.compile(r"(\w+)(!?)(?::(\w))?")
_CHILD = re.compile(r"(\w+)([?!*])(\w*)")


def _record(term: str, /, *, at: Position, name: str = "", children: tuple[object, ...] = (), **written: str) -> Record:
    return Record(term, name, written, children, at)


def _rule(term: str, line: str) -> Rule:
    attributes, _, children = line.partition(">")
    return Rule(
        partial(_record, term),
        {**{match[1]: _attribute(term, match) for match in _ATTRIBUTE.finditer(attributes)}, **DECORATION},
        {match[1]: _child(match) for match in _CHILD.finditer(children)},
        Refers.ALONE if term in _REFERRED else Refers.NEVER,
    )


def _attribute(term: str, match: re.Match[str]) -> Attr:
    name, needed, kind = match.groups()
    if name == "name":
        return NAMED if needed else LABEL
    instead = _HISTORIC.get((term, name), "")
    return Attr(_KINDS[kind], instead, bool(needed), instead)


def _child(match: re.Match[str]) -> Child:
    term, count, counter = match.groups()
    return Child(term, "children", count == "*", count == "!", counter, among=True)


def _import() -> Rule:
    rule = _rule("import", _IMPORT)
    old = replace(rule.children["price"], historic="price")
    return replace(rule, children={**rule.children, "cords_price": old})


RULES: Mapping[str, Rule] = {
    "import": _import(),
    **{term: _rule(term, line) for table in _TABLES for term, line in table.items()},
}
