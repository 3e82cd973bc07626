"""CORDS documents -> typed values -> plan. Pure: no I/O, no clock, no randomness.

    read(bytes) -> Reading(document, diagnostics)      place(manifest, offers, ...) -> Placed(placements, diagnostics)
    plan(manifest, placements) -> Planned(plan, ...)   release(plan, made) -> Plan      act(plan, made, "stop") -> Plan
    invoke(plan, made, "backup", ["now"]) -> Plan         repair(plan, made, wrong) -> Plan
    resize(plan, made, {machine: size}) -> Plan           choose(size, wish, offer) -> Chosen or the reason why not
    elements(document) -> the OCCI instances           quantity("8GB") -> Decimal

The rooms: `text` (what is written), `grammar` (what may be), `actions` (what nodes are told), `reading` (what is
meant), `planning` (what is done), `schemas` (for editors); the values of all of them are `model` and `plan`.
Import from here, nothing deeper. `manifests.plan` is the function; the module of that name is where Plan is defined.
"""

from manifests.codes import CODES, Code
from manifests.diagnostics import Diagnostic, Severity, errors
from manifests.findings import nearest
from manifests.grammar import GRAMMAR, Refers
from manifests.grammar.units import quantity, readable
from manifests.model import (
    Agreement,
    Document,
    Guarantee,
    Input,
    Manifest,
    Node,
    Port,
    Position,
    Record,
    Variable,
    Volume,
)
from manifests.offers import Offer, OfferedImage, Placement, Refusal, Size
from manifests.plan import Plan, Ref, Step, Value, refs, value_from_json, value_to_json
from manifests.plan import from_json as step_from_json
from manifests.plan import to_json as step_to_json
from manifests.planning.expand import expand
from manifests.planning.fitting import stale
from manifests.planning.keys import named as keys_named
from manifests.planning.moved import moved
from manifests.planning.operating import OPERATIONS, act, invoke
from manifests.planning.placement import Placed, place
from manifests.planning.planner import Planned, plan
from manifests.planning.repairing import Taken, Wrong, accept, losses, repair
from manifests.planning.resizing import SIZES, Chosen, Wish, as_planned, as_resized, choose, resize
from manifests.planning.resizing import difference as price_difference
from manifests.planning.resizing import machines as machines_of
from manifests.planning.steps import base_of, in_names, node_of, ordered
from manifests.planning.teardown import release, saves
from manifests.reading.check import ports, volumes
from manifests.reading.definitions import definitions, together
from manifests.reading.instances import Item, elements
from manifests.reading.parameters import problem as input_problem
from manifests.reading.reader import BODY_LIMIT, Format, Reading, parse, read
from manifests.reading.references import NO_LIBRARY, Defined, Library
from manifests.text.source import Source, decode
from manifests.text.tree import Attribute, Element
from manifests.text.twins import write

__all__ = [
    "BODY_LIMIT",
    "CODES",
    "GRAMMAR",
    "NO_LIBRARY",
    "OPERATIONS",
    "SIZES",
    "Agreement",
    "Attribute",
    "Chosen",
    "Code",
    "Defined",
    "Diagnostic",
    "Document",
    "Element",
    "Format",
    "Guarantee",
    "Input",
    "Item",
    "Library",
    "Manifest",
    "Node",
    "Offer",
    "OfferedImage",
    "Placed",
    "Placement",
    "Plan",
    "Planned",
    "Port",
    "Position",
    "Reading",
    "Record",
    "Ref",
    "Refers",
    "Refusal",
    "Severity",
    "Size",
    "Source",
    "Step",
    "Taken",
    "Value",
    "Variable",
    "Volume",
    "Wish",
    "Wrong",
    "accept",
    "act",
    "as_planned",
    "as_resized",
    "base_of",
    "choose",
    "decode",
    "definitions",
    "elements",
    "errors",
    "expand",
    "in_names",
    "input_problem",
    "invoke",
    "keys_named",
    "losses",
    "machines_of",
    "moved",
    "nearest",
    "node_of",
    "ordered",
    "parse",
    "place",
    "plan",
    "ports",
    "price_difference",
    "quantity",
    "read",
    "readable",
    "refs",
    "release",
    "repair",
    "resize",
    "saves",
    "stale",
    "step_from_json",
    "step_to_json",
    "together",
    "value_from_json",
    "value_to_json",
    "volumes",
    "write",
]
