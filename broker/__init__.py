"""Accords: an OCCI-compliant cloud orchestration broker for CORDS manifests."""

__version__ = "0.1.0"
