"""The action language: its statements, the methods they call, and what is wrong with them (cords.md 1.4)."""
