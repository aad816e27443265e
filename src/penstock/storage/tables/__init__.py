"""Observation tables: append-only Delta Lake tables with two clocks; the modules follow one arrival and one read."""
