"""Configuration: files, groups, overrides and the environment become one frozen, validated value.

``loading`` puts a system's configuration together, ``settings`` reads the environment, ``recording`` finds keys
that nothing reads, ``reference`` describes every key for the docs. Importing this package loads pydantic at most.
"""

from __future__ import annotations

from penstock.app.config.groups import SystemFiles
from penstock.app.config.loading import LoadedConfig, Row, load_config, masked
from penstock.app.config.origins import Layer, Origin

__all__ = ["Layer", "LoadedConfig", "Origin", "Row", "SystemFiles", "load_config", "masked"]
