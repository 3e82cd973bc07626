"""Typed manifests -> placements and plans: of deploying, of operating, of giving back."""
