"""One person cannot slow everybody down, and nobody is shut out for long."""

from __future__ import annotations

from bot.ui.flood import BURST, PER_SECOND, Flood


def test_thirty_at_once_and_then_a_rest() -> None:
    flood = Flood()
    assert [flood.allows(1, 100.0) for _ in range(BURST + 5)] == [True] * BURST + [False] * 5
    assert flood.allows(2, 100.0), "somebody else is not held up"
    assert flood.allows(1, 100.0 + 1 / PER_SECOND)
    assert not flood.allows(1, 100.0 + 1 / PER_SECOND)


def test_a_rested_person_has_all_of_it_again() -> None:
    flood = Flood()
    for _ in range(BURST):
        flood.allows(1, 0.0)
    assert sum(flood.allows(1, 60.0) for _ in range(BURST + 1)) == BURST


def test_what_is_over_is_forgotten() -> None:
    flood = Flood()
    for who in range(6_000):
        flood.allows(who, 0.0)
    flood.allows(1, 1_000.0)
    assert len(vars(flood)["_full_at"]) < 10
