from __future__ import annotations

import pytest

from tests.contract.openapi import VARIABLE, Contract
from tests.wire.conftest import stage as stage  # the same world and wire


@pytest.fixture
def contract() -> Contract:
    found = Contract.from_environment()
    if found is None:
        pytest.skip(f"{VARIABLE} does not name Discord's OpenAPI file, so there is nothing to check against")
    return found
