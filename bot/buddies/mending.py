"""From good pairs to as many pairs as there can be, and to the right people left over. Exact. Pure.

A round is put together from parts that do not see each other. Here everybody is seen: from somebody left over, a
path is looked for along which partners can be exchanged, so that somebody else left over gets one too, or somebody
who should sooner wait is left over instead (Edmonds' search, odd circles and all). Where it finds nothing there is
nothing. Thousands need not be compared with thousands: people are looked through by `kinds`, each once in a search,
and whoever was seen in a search that led nowhere is not seen again: their part of the graph leads nowhere for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from heapq import heapify, heappop, heappush

from bot.buddies.kinds import Kinds

ALONE = -1


class Mending:
    """Partners by place, mended in place; `ALONE` has none. Whoever has a higher rank should sooner have one.

    `kinds` and `forbidden` say who may be put together; `forbidden` holds, by place, others' places.
    """

    def __init__(
        self, kinds: Kinds, forbidden: Sequence[Collection[int]], partner: list[int], ranks: Sequence[int]
    ) -> None:
        self.kinds = kinds
        self.forbidden = forbidden
        self.partner = partner
        self.ranks = ranks
        self.dead = bytearray(len(partner))
        """Who was seen in a search that led nowhere."""
        self.matched: dict[int, list[int]] = {}
        """Who has a partner and is not dead, by kind; a few may have lost theirs since."""
        self._alone: dict[int, list[int]] = {}
        self._open: dict[int, set[int]] = {}

    def mend(self) -> None:
        """First as many pairs as there can be, then the right people in them.

        That is, for every rank: of those who have it or a higher one, as many as can be. Both at once is always
        possible: whom some pairs reach can be reached by some of the largest numbers of pairs.
        """
        self._most()
        self._fairest()

    def _most(self) -> None:
        self._look_anew()
        alone = [place for place, other in enumerate(self.partner) if other == ALONE]
        self._alone = self._by_kind(alone)
        waiting = sum(map(len, self._alone.values()))
        for root in sorted(alone, key=lambda place: (-self.ranks[place], place)):
            if self.partner[root] != ALONE:
                continue
            if waiting < 2:
                break
            self._alone[self.kinds.of[root]].remove(root)
            end = Search(self, root).run()
            if end is not None:
                self._alone[self.kinds.of[end]].remove(end)
                self._now_matched(root, end)
            waiting -= 1 if end is None else 2
        self._alone, self._open = {}, {}

    def _fairest(self) -> None:
        self._look_anew()
        lowest = min(self.ranks, default=0)
        waiting = [(-self.ranks[place], place) for place, other in enumerate(self.partner) if other == ALONE]
        heapify(waiting)
        while waiting:
            rank, root = heappop(waiting)
            if -rank == lowest:
                break
            left = Search(self, root, lambda place, rank=-rank: self.ranks[place] < rank).run()
            if left is not None:
                self._now_matched(root)
                heappush(waiting, (-self.ranks[left], left))

    def _look_anew(self) -> None:
        self.dead = bytearray(len(self.partner))
        self.matched = self._by_kind(place for place, other in enumerate(self.partner) if other != ALONE)

    def _by_kind(self, places: Iterable[int]) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for place in places:
            found.setdefault(self.kinds.of[place], []).append(place)
        return found

    def _now_matched(self, *places: int) -> None:
        for place in places:
            self.matched.setdefault(self.kinds.of[place], []).append(place)

    def alone_for(self, place: int) -> int | None:
        """Somebody who is left over and may be put together with this one; while there may be any."""
        kind = self.kinds.of[place]
        if kind not in self._open:
            self._open[kind] = self.kinds.open_to(kind, self._alone.keys())
        for other_kind in self._open[kind]:
            for other in self._alone[other_kind]:
                if other not in self.forbidden[place]:
                    return other
        return None

    def bury(self, places: Collection[int]) -> None:
        """Let nobody look at these places again."""
        for place in places:
            self.dead[place] = True
        for kind in {self.kinds.of[place] for place in places} & self.matched.keys():
            self.matched[kind] = [place for place in self.matched[kind] if not self.dead[place]]
            if not self.matched[kind]:
                del self.matched[kind]


class Search:
    """One search from somebody left over; a tree of partners that could be exchanged.

    Its *outer* places (the root, and every other one along a path) could each be left over in the root's stead. An
    edge between two of them closes an odd circle, and then all in the circle are outer: they count as one *group*,
    with the place nearest the root as its base.
    """

    def __init__(
        self, mending: Mending, root: int, spare: Callable[[int], bool] = lambda place: False
    ) -> None:
        self.mending = mending
        self.root = root
        self.spare = spare
        """Whether somebody should be left over rather than the root."""
        self.partner = mending.partner
        self.parent: dict[int, int] = {}
        self.outer = set[int]()
        self.queue = deque[int]()
        self.base: dict[int, int] = {}
        self.groups = 1
        self.outer_of: dict[int, list[int]] = {}
        self.outer_kinds: list[int] = []
        self.unseen_kinds = set(mending.matched)
        self.unseen: dict[int, list[int]] = {}
        self.to_do: dict[int, set[int]] = {}
        self.meets: dict[int, tuple[int, list[int]]] = {}

    def run(self) -> int | None:
        """Exchange partners along the first path there is; who is at its end: somebody who was left over too and has
        a partner now, or somebody to spare who is left over now. None: there is no such path, nothing was changed.
        """
        end = self._reach(self.root)
        while end is None and self.queue:
            end = self._scan(self.queue.popleft())
        if end is None:
            self.mending.bury({*self.outer, *self.parent})
        else:
            self._exchange(end)
        return end

    def _reach(self, place: int) -> int | None:
        """Note that a place is outer; the end of the path, if it ends here."""
        self.outer.add(place)
        self.queue.append(place)
        kind = self.mending.kinds.of[place]
        if kind not in self.outer_of:
            self.outer_of[kind] = []
            self.outer_kinds.append(kind)
        self.outer_of[kind].append(place)
        other = self.mending.alone_for(place)
        if other is not None:
            self.parent[other] = place
            return other
        return place if place != self.root and self.spare(place) else None

    def _scan(self, place: int) -> int | None:
        end = self._circles(place)
        if end is not None:
            return end
        kind, forbidden = self.mending.kinds.of[place], self.mending.forbidden[place]
        if kind not in self.to_do:
            self.to_do[kind] = self.mending.kinds.open_to(kind, self.unseen_kinds)
        for other_kind in sorted(self.to_do[kind]):
            kept: list[int] = []
            for other in self._unseen(other_kind):
                if other in self.parent or other in self.outer or self.partner[other] == ALONE:
                    continue
                if other in forbidden:
                    kept.append(other)
                    continue
                self.parent[other] = place
                self.groups += 1
                end = self._reach(self.partner[other])
                if end is not None:
                    return end
            self.unseen[other_kind] = kept
            if not kept:
                self.to_do[kind].discard(other_kind)
                self.unseen_kinds.discard(other_kind)
        return None

    def _unseen(self, kind: int) -> list[int]:
        if kind not in self.unseen:
            self.unseen[kind] = self.mending.matched[kind]
        return self.unseen[kind]

    def _circles(self, place: int) -> int | None:
        """Close every odd circle there is over this place."""
        forbidden = self.mending.forbidden[place]
        for kind in self._outer_kinds(self.mending.kinds.of[place]):
            for other in tuple(self.outer_of[kind]):
                if self.groups == 1:
                    return None
                if other not in forbidden and self._base(other) != self._base(place):
                    end = self._close(place, other)
                    if end is not None:
                        return end
        return None

    def _outer_kinds(self, kind: int) -> list[int]:
        """The kinds of outer places that somebody of this kind may be put together with."""
        looked_at, found = self.meets.get(kind, (0, []))
        for other in self.outer_kinds[looked_at:]:
            if not self.mending.kinds.apart(kind, other):
                found.append(other)
        self.meets[kind] = len(self.outer_kinds), found
        return found

    def _base(self, place: int) -> int:
        """The base of the group a place is in; a place in no circle is its own."""
        while (above := self.base.get(place, place)) != place:
            self.base[place] = self.base.get(above, above)
            place = above
        return place

    def _close(self, one: int, other: int) -> int | None:
        base = self._where_they_meet(one, other)
        circle = [*self._walk(one, other, base), *self._walk(other, one, base)]
        bases = {self._base(place) for place in circle}
        self.groups -= len(bases & self.outer) - (base in bases)
        for each in bases:
            self.base[each] = base
        for place in circle:
            if place not in self.outer:
                end = self._reach(place)
                if end is not None:
                    return end
        return None

    def _where_they_meet(self, one: int, other: int) -> int:
        passed = set[int]()
        place = self._base(one)
        passed.add(place)
        while place != self.root:
            place = self._base(self.parent[self.partner[place]])
            passed.add(place)
        place = self._base(other)
        while place not in passed:
            place = self._base(self.parent[self.partner[place]])
        return place

    def _walk(self, place: int, child: int, base: int) -> list[int]:
        """Let one side of a circle be left by the edge that closes it, to `child`; everybody on that side."""
        side: list[int] = []
        while self._base(place) != base:
            other = self.partner[place]
            side += (place, other)
            self.parent[place] = child
            place, child = self.parent[other], other
        return side

    def _exchange(self, end: int) -> None:
        place = end
        if self.partner[end] != ALONE:
            place, self.partner[end] = self.partner[end], ALONE
        while place != ALONE:
            other = self.parent[place]
            after = self.partner[other]
            self.partner[place], self.partner[other] = other, place
            place = after
