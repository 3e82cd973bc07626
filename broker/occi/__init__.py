"""The OCCI core (GFD.221, 223 to 225, 229): model, registry, checks, renderings, life cycles. Pure.

It knows no HTTP, no store and nothing of ours but the error tree; the only files it reads are the kinds it ships.

    read      a request's body and headers  -> Draft, Invocation, Filter, mixins, locations
    checks    Draft (+ Entity as it is)     -> Entity, or an OcciError
    render    Entity, categories            -> body and headers in the negotiated media type
    kinds     `kinds.registry("node")`      -> Registry, from the row's YAML file
"""
