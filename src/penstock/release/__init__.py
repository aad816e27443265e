"""Bundles, the register of releases and its mirror in MLflow."""
