"""`python -m manifests.schemas`: write the schemas anew."""

from manifests.schemas import publish

if __name__ == "__main__":
    print("\n".join(publish()))  # noqa: T201 - what was done
