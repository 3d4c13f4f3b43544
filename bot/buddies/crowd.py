"""Many people at once: every score and every rule of a few hundred of them as one table each.

The tables are filled by the parts of `scoring.score` and by `kinds`, so that nothing is said twice. Needs numpy:
only the worker process imports this.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from bot.buddies.kinds import Kinds, walls
from bot.buddies.rules import Forbidden, Person
from bot.buddies.scoring import FACETS

Scores = NDArray[np.int16]
Allowed = NDArray[np.bool_]


class Crowd:
    """People whose workplaces are known, in an order that stays: a place is where somebody stands in it."""

    def __init__(self, people: Sequence[Person], forbidden: Forbidden) -> None:
        self.people = people
        self.kinds = Kinds(people)
        self._members: dict[int, list[int]] = {}
        for place, kind in enumerate(self.kinds.of):
            self._members.setdefault(kind, []).append(place)
        self._shut: dict[int, bool] = {}
        place_of = {each.id: place for place, each in enumerate(people)}
        self.forbidden = [
            frozenset(place_of[other] for other in forbidden.of(each.id) if other in place_of)
            for each in people
        ]
        """For each place those of the others never to be put together with it, whatever they do for a living."""
        self._facets = [self._facet(number) for number in range(len(FACETS))]

    def has_partners(self, place: int) -> bool:
        """Whether anybody at all may be put together with somebody."""
        kind, forbidden = self.kinds.of[place], self.forbidden[place]
        if kind not in self._shut:
            self._shut[kind] = all(self.kinds.apart(kind, other) for other in self._members)
        return not self._shut[kind] and any(
            other != place and other not in forbidden
            for other_kind, others in self._members.items()
            if not self.kinds.apart(kind, other_kind)
            for other in others
        )

    def _facet(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int16]]:
        """Which of the different views each person has, and what each two views are worth."""
        facet, views = FACETS[number], dict[Hashable, int]()
        which = [views.setdefault(facet.view(each), len(views)) for each in self.people]
        worth = [[facet.worth(one, other) for other in views] for one in views]
        return np.array(which, np.int64), np.array(worth, np.int16).reshape(len(views), len(views))

    def scores(self, places: Sequence[int]) -> Scores:
        """The score of each of these with each."""
        total = np.zeros((len(places), len(places)), np.int16)
        for which, worth in self._facets:
            mine = which[np.array(places, np.int64)]
            total += np.take(worth[mine], mine, axis=1)
        return total

    def allowed(self, places: Sequence[int]) -> Allowed:
        """Who of these may be put together with whom."""
        allowed = np.ones((len(places), len(places)), np.bool_)
        np.fill_diagonal(allowed, False)
        works = ((self.people[place].work, self.people[place].avoid_authority) for place in places)
        for here, there in walls(works):
            if len(there) > 1:
                allowed[np.ix_(here, there)] = False
                allowed[np.ix_(there, here)] = False
        standing = {place: index for index, place in enumerate(places)}
        for place, index in standing.items():
            for other in self.forbidden[place] & standing.keys():
                allowed[index, standing[other]] = False
        return allowed
