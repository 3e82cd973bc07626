"""CORDS documents -> typed values -> plan. Pure: no I/O, no clock, no randomness."""
