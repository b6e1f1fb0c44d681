"""Configuration: one TOML file, read here and nowhere else."""

from gatepost.config.load import find, load
from gatepost.config.schema import schema
from gatepost.config.settings import Settings

__all__ = ["Settings", "find", "load", "schema"]
