"""Elements -> typed documents: references, inputs, manifests in manifests, and everything that is wrong."""
