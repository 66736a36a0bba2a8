"""Who can be deleveraged, kept in the ranker's order over one margin pass. It closes nothing.

To rank everyone anew for each bankrupt would make a cascade quadratic: only those whom something moved are ranked anew.
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from sortedcontainers import SortedList

from exchange.core.account import Account, Leg, scope_of
from exchange.core.liquidation.transfer import Party
from exchange.core.margin import on_stale_index, position_maintenance, position_notional, standing, unrealized_pnl
from exchange.core.policies.adl import SCORES, Counterparty
from exchange.core.state import State


class Place(NamedTuple):
    """A position in its line: the highest score first, then as accounts and their legs come."""

    falling: Fraction  # the score with its sign turned
    account_id: int
    leg_place: int
    one: Counterparty


class Line:
    """The positions of one side of a contract, the first to be deleveraged first."""

    def __init__(self, state: State, symbol: str, *, longs: bool) -> None:
        """Rank every position there is."""
        self._state = state
        self._symbol = symbol
        self._longs = longs
        self._places: dict[tuple[int, int], Place] = {}  # by account and place of the leg
        for account in state.accounts.values():
            for leg_place, leg in self._held(account):
                self._places[account.account_id, leg_place] = self._place(account, leg_place, leg)
        self._order: SortedList[Place] = SortedList(self._places.values())

    def well(self) -> Iterator[Counterparty]:
        """Yield those of scopes that are not in liquidation, and of which somebody knows what they are worth."""
        for one, _ in self.scored():
            yield one

    def scored(self) -> Iterator[tuple[Counterparty, Fraction]]:
        """Yield the same, each with its score: never a higher one than before."""
        for place in self._order:
            scope = scope_of(self._state.accounts[place.account_id], self._symbol, place.one.side)
            if not scope.in_liquidation and not on_stale_index(self._state, scope):
                yield place.one, -place.falling

    def in_liquidation(self) -> list[Party]:
        """Return those of scopes in liquidation, by account and leg."""
        found = []
        for _, place in sorted(self._places.items()):
            account = self._state.accounts[place.account_id]
            if scope_of(account, self._symbol, place.one.side).in_liquidation:
                found.append(Party(account, account.leg(self._symbol, place.one.side)))
        return found

    def renew(self, account: Account) -> None:
        """Rank an account anew: its positions or its wallets have moved."""
        for leg_place in range(len(account.holdings[self._symbol].legs)):
            old = self._places.pop((account.account_id, leg_place), None)
            if old is not None:
                self._order.remove(old)
        for leg_place, leg in self._held(account):
            new = self._places[account.account_id, leg_place] = self._place(account, leg_place, leg)
            self._order.add(new)

    def _held(self, account: Account) -> Iterator[tuple[int, Leg]]:
        for leg_place, leg in enumerate(account.holdings[self._symbol].legs.values()):
            if leg.position.quantity and (leg.position.quantity > 0) is self._longs:
                yield leg_place, leg

    def _place(self, account: Account, leg_place: int, leg: Leg) -> Place:
        one = counterparty(self._state, account, self._symbol, leg)
        score = SCORES[self._state.rules.engine.adl.ranker](one)
        return Place(-score, account.account_id, leg_place, one)


class AdlQueue:
    """The lines of one margin pass, made when first asked for."""

    def __init__(self, state: State) -> None:
        """Begin without any."""
        self._state = state
        self._lines: dict[tuple[str, bool], Line] = {}

    def against(self, symbol: str, held: int) -> Line:
        """Return the line of those against whom `held` lots (signed) can be closed."""
        key = symbol, held < 0
        if key not in self._lines:
            self._lines[key] = Line(self._state, symbol, longs=held < 0)
        return self._lines[key]

    def renew(self, account: Account) -> None:
        """Rank an account anew in every line."""
        for line in self._lines.values():
            line.renew(account)


def counterparty(state: State, account: Account, symbol: str, leg: Leg) -> Counterparty:
    """Return an open position as rankers see it."""
    market, scope = state.markets[symbol], scope_of(account, symbol, leg.side)
    balance, required = standing(state, scope)
    return Counterparty(
        account_id=account.account_id,
        side=leg.side,
        quantity=leg.position.quantity,
        entry_value=leg.position.entry_value,
        notional=position_notional(market, leg.position),
        profit=sum(unrealized_pnl(market, held.position) for at, _, held in scope.legs() if at == symbol),
        wallet=scope.wallet,
        equity=balance,
        maintenance_margin=required,
        position_margin=position_maintenance(market, leg.position),
    )
