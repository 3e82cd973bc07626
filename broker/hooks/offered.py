"""GET /offers: what the providers behind this row can give, for another broker that plans with it.

    {"offers": [{provider, driver, zone, sizes: [{..., template}], images: [{..., template}], flexible, left, abilities,
                 delivery, price, currency, operator, observed_at, ...}]}

As `/provider/?view=offers` of the service row has it, with what each size and image is called here: the mixin that a
compute is made with. Images that are somebody else's own are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from broker.hooks import plan
from broker.offers import offer_json
from broker.services import Context, Reply
from broker.store import entities
from broker.templates import KIND, entity_of, image_of, size_of
from manifests import Offer


def shown(ctx: Context, query: Mapping[str, str]) -> Reply:
    """Those that are fresh enough to plan with are for the reader to choose: each says when it was observed."""
    return Reply(200, orjson.dumps({"offers": [_shown(ctx, each) for each in plan.offers(ctx)]}))


def _shown(ctx: Context, offer: Offer) -> dict[str, Any]:
    said = offer_json(offer)
    sizes = [
        {**item, "template": size_of(offer, size).id if size.name else None}
        for item, size in zip(said["sizes"], offer.sizes, strict=True)
    ]
    pairs = zip(said["images"], offer.images, strict=True)
    images = [{**item, "template": image_of(offer, image).id} for item, image in pairs]
    with ctx.store.read() as tx:
        known = {
            each["template"] for each in images if entities.find(tx, ctx.account, KIND, entity_of(each["template"]))
        }
    return {**said, "sizes": sizes, "images": [each for each in images if each["template"] in known]}
