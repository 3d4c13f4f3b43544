"""Time zones by name, for people choosing their own."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

MOST = 25
"""Discord offers at most this many choices at once."""

_OFFERED_FIRST = (
    "Europe/London",
    "Europe/Belfast",
    "Europe/Dublin",
    "Europe/Guernsey",
    "Europe/Isle_of_Man",
    "Europe/Jersey",
    "Europe/Gibraltar",
    "Europe/Paris",
    "Europe/Madrid",
    "Europe/Berlin",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Hong_Kong",
    "America/New_York",
    "America/Los_Angeles",
    "Australia/Sydney",
    "Pacific/Auckland",
)

_AREAS = frozenset(
    {
        "Africa",
        "America",
        "Antarctica",
        "Arctic",
        "Asia",
        "Atlantic",
        "Australia",
        "Europe",
        "Indian",
        "Pacific",
    }
)

# Places people type that the database does not name.
_ALSO_CALLED = {
    "Europe/London": (
        "uk",
        "united kingdom",
        "britain",
        "prydain",
        "england",
        "lloegr",
        "wales",
        "cymru",
        "scotland",
        "northern ireland",
        "cardiff",
        "caerdydd",
        "edinburgh",
        "glasgow",
        "bst",
        "gmt",
        "llundain",
    ),
    "Europe/Dublin": ("ireland", "iwerddon"),
    "Asia/Kolkata": ("india", "mumbai", "delhi"),
}


@cache
def zones() -> frozenset[str]:
    """Every IANA name that may be stored."""
    # One small file; `zoneinfo.available_timezones` opens six hundred.
    return frozenset(files("tzdata").joinpath("zones").read_text(encoding="ascii").split())


def valid_zone(name: str) -> bool:
    """Whether `name` is an IANA name, spelt as the database spells it."""
    return name in zones()


@cache
def _searchable() -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Each zone offered, as (name, the place in lower case, other names); usual ones first."""
    offered = [name for name in zones() if name.partition("/")[0] in _AREAS or name == "UTC"]
    place = {name: order for order, name in enumerate(_OFFERED_FIRST)}
    offered.sort(key=lambda name: (place.get(name, len(place)), not name.startswith("Europe/"), name))
    return tuple((name, _plain(name.rpartition("/")[2]), _ALSO_CALLED.get(name, ())) for name in offered)


def _plain(text: str) -> str:
    return " ".join(text.casefold().replace("_", " ").split())


def search_zones(typed: str) -> list[str]:
    """At most 25 zone names for what somebody has typed so far, the likeliest first.

    Nothing typed offers Europe/London and other usual ones. A place that starts with the words
    comes before one that has them inside.
    """
    wanted = _plain(typed)
    if not wanted:
        return list(_OFFERED_FIRST)
    ranked: list[tuple[int, str]] = []
    for name, place, others in _searchable():
        rank = _rank(wanted, name, place, others)
        if rank is not None:
            ranked.append((rank, name))
    ranked.sort(key=lambda pair: pair[0])  # stable: the usual ones stay in front of their equals
    return [name for _, name in ranked[:MOST]]


def _rank(wanted: str, name: str, place: str, others: tuple[str, ...]) -> int | None:
    if wanted == place or wanted in others:
        return 0
    if place.startswith(wanted) or (len(wanted) > 2 and any(other.startswith(wanted) for other in others)):
        return 1
    if f" {wanted}" in f" {place}":
        return 2
    full = _plain(name)
    if full.startswith(wanted):
        return 3
    return 4 if wanted in full else None
