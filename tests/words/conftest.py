"""The register that pages show, for names that a store keeps."""

from tests.pages.conftest import filled, register

__all__ = ["filled", "register"]
