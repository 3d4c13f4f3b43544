"""First contacts rest for ten minutes after Discord says they come too fast."""

from __future__ import annotations

import logging
import time

import pytest

from bot.outbox.circuit import REST_S, Circuit


def test_one_refusal_stops_all_first_contacts_for_a_while(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    circuit = Circuit()
    assert not circuit.is_open()
    with caplog.at_level(logging.WARNING):
        circuit.open()
        circuit.open()
    assert circuit.is_open()
    assert len(caplog.records) == 1, "the operator is told once, not at every click"
    now[0] += REST_S - 1
    assert circuit.is_open()
    now[0] += 2
    assert not circuit.is_open()
