"""The rules of agreements (slamtypes.xsd 2.15, cords.md 4.1), with what documents from before it have besides (8.6)."""

from __future__ import annotations

from collections.abc import Mapping

from manifests import model
from manifests.grammar.kinds import Kind
from manifests.grammar.rules import DECORATION, LABEL, NAMED, TEXT, Attr, Child, Refers, Rule, texts, unread

_DESCRIBED = {"name": LABEL, "description": Attr(Kind.SCRIPT), **DECORATION}

RULES: Mapping[str, Rule] = {
    "agreement": Rule(
        model.Agreement,
        {
            **_DESCRIBED,
            "name": NAMED,
            **texts("initiator", "responder", "serviceprovider", "initiation", "expiration"),
            "provider": Attr(field="serviceprovider", historic="serviceprovider"),
            **unread("template", "templateid", "templatename", "termss", "cordscript"),
        },
        {"terms": Child("terms", "terms", many=True, counter="termss")},
    ),
    "terms": Rule(
        model.Terms,
        {**_DESCRIBED, "type": TEXT, **unread("description", "terms")},
        {"term": Child("term", "terms", many=True, counter="terms")},
    ),
    "term": Rule(
        model.Term,
        {**_DESCRIBED, **unread("description", "type", "identity", "variables", "guarantees")},
        {
            "manifest": Child("manifest", "manifest"),
            "provider": Child("provider", "provider"),
            "federation": Child("federation", "federation"),
            "variable": Child("variable", "variables", many=True, counter="variables"),
            "guarantee": Child("guarantee", "guarantees", many=True, counter="guarantees"),
        },
    ),
    "variable": Rule(
        model.Variable,
        {
            **_DESCRIBED,
            **unread("description"),
            "property": Attr(required=True),
            "condition": Attr(Kind.CONDITION),
            "value": TEXT,
            "location": TEXT,
        },
        {"metric": Child("metric", "metric")},
    ),
    "guarantee": Rule(
        model.Guarantee,
        {
            **_DESCRIBED,
            **texts("obligated", "importance", "scope"),
            "service": Attr(Kind.READ, historic="scope"),
            "condition": Attr(Kind.READ, historic="<variable condition=...> inside"),
            "objective": Attr(Kind.READ, historic="<variable value=...> inside"),
            **unread("values"),
        },
        {
            # cords.md 8.7: some documents have guarantees without one.
            "variable": Child("variable", "variable", required=True, lacking="empty-guarantee"),
            "business": Child("business", "business", many=True, counter="values"),
        },
    ),
    "business": Rule(
        model.Business,
        {**_DESCRIBED, **unread("description"), "nature": Attr(Kind.NATURE), "type": TEXT, "expression": TEXT},
    ),
    "metric": Rule(
        model.Metric,
        {
            "name": Attr(Kind.NAME, required=True),
            "units": TEXT,
            "period": Attr(Kind.SECONDS),
            "samples": Attr(Kind.SAMPLES),
            "expression": Attr(Kind.SCRIPT),
            **DECORATION,
        },
        refers=Refers.ALONE,
    ),
}
