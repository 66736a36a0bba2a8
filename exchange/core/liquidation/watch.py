"""Which accounts a margin pass must look at, so that it need not look at all of them. It judges nobody.

An account has, in each contract in which it holds a position, an interval of marks. While every mark stays in its
interval, and nothing else happens to the account, no scope of it can be called or liquidated. The ends of the
intervals lie in heaps; a mark that crosses one brings its account up, and gives it a new interval or has it judged. So
does any change of its wallets or positions, unless the intervals still hold: they take half of the room there is. The
ends of intervals that are gone stay in the heaps until a mark comes by, or until they are the most. The oracle
is the scan of all accounts: it must find nothing else to do.
"""

from heapq import heappop, heappush

from exchange.core.account import FUND_ID, Account, Interval, Position, Scope, scopes
from exchange.core.state import Market, State
from exchange.core.units import INT63_MAX, RATE_ONE

STALE_FACTOR = 3  # alarms of one kind to accounts


def due_accounts(state: State) -> list[Account]:
    """Return the accounts to judge now, by id. Whoever was judged must be watched anew (`watch_again`).

    Whom something touched, or whose interval a mark has left, is judged only if no intervals are found for it.
    """
    for symbol, market in state.markets.items():
        _ring(state, symbol, market.quiet_highs, 1, market.mark_price)
        _ring(state, symbol, market.quiet_lows, -1, market.mark_price)
    state.touched.pop(FUND_ID, None)  # it is never called
    for account in [state.accounts[account_id] for account_id in state.touched]:
        if _still_quiet(state, account):
            del state.touched[account.account_id]
        else:
            watch_again(state, account)
    return [state.accounts[account_id] for account_id in sorted(state.touched)]


def touched_accounts(state: State) -> list[Account]:
    """Return the accounts that something has touched since they were looked at, by id."""
    return [state.accounts[account_id] for account_id in sorted(state.touched) if account_id != FUND_ID]


def watch_again(state: State, account: Account) -> None:
    """Find the intervals of an account anew; one that must be looked at at every mark stays touched."""
    account.quiet = {}
    found = [_quiet_intervals(state, scope) for scope in scopes(account)]
    if None in found:
        state.touched[account.account_id] = None
        return
    state.touched.pop(account.account_id, None)
    for symbol, (low, high) in ((symbol, ends) for each in found if each for symbol, ends in each.items()):
        known = account.quiet.get(symbol, (0, INT63_MAX))
        account.quiet[symbol] = (max(low, known[0]), min(high, known[1]))
    for symbol, (low, high) in account.quiet.items():
        market = state.markets[symbol]
        _set_alarm(state, symbol, market.quiet_highs, 1, high, account.account_id)
        _set_alarm(state, symbol, market.quiet_lows, -1, low, account.account_id)


def _set_alarm(state: State, symbol: str, alarms: list[tuple[int, int]], sign: int, end: int, account_id: int) -> None:
    """Have an account brought up beyond an end. Alarms that no longer count are dropped when they are the most."""
    heappush(alarms, (sign * end, account_id))
    if len(alarms) > STALE_FACTOR * len(state.accounts):
        alarms[:] = sorted({alarm for alarm in alarms if _counts(state, symbol, sign, alarm)})


def _ring(state: State, symbol: str, alarms: list[tuple[int, int]], sign: int, mark: int) -> None:
    """Touch the accounts whose interval the mark has left on one side, and take that interval from them."""
    while alarms and alarms[0][0] < sign * mark:
        alarm = heappop(alarms)
        if _counts(state, symbol, sign, alarm):
            account_id = alarm[1]
            del state.accounts[account_id].quiet[symbol]
            state.touched[account_id] = None


def _counts(state: State, symbol: str, sign: int, alarm: tuple[int, int]) -> bool:
    """Tell whether an alarm stands at the end of an interval that its account still has."""
    end, account_id = alarm
    interval = state.accounts[account_id].quiet.get(symbol)
    return interval is not None and interval[sign > 0] == sign * end


def _still_quiet(state: State, account: Account) -> bool:
    """Tell whether nothing can happen to an account within the intervals that it has, whatever has touched it.

    The bound is that of `_quiet_intervals`, each mark at the farther end of its interval.
    """
    if account.margin_called or account.in_liquidation:
        return False
    ratio, quiet = _call_ratio(state), account.quiet
    left, held = ratio * account.cross_wallet, False
    for symbol, holding in account.holdings.items():
        for leg in holding.legs.values():
            if not leg.position.quantity:
                continue
            if symbol not in quiet or leg.margin_called or leg.in_liquidation:
                return False
            market, (low, high) = state.markets[symbol], quiet[symbol]
            mark = market.mark_price
            spare, stake = _spare_and_stake(market, leg.position, ratio)
            spare -= stake // mark * max(mark - low, high - mark)  # exact: a stake is a whole number for each tick
            if not holding.isolated:
                left, held = left + spare, True
            elif ratio * leg.isolated_wallet + spare <= 0:
                return False
    return left > 0 or (not held and left == 0)


def _quiet_intervals(state: State, scope: Scope) -> dict[str, Interval] | None:
    """Return marks by symbol among which nothing can happen to a scope, all moving at once; None: look every time.

    Let every mark move by at most a share r of itself. Then equity falls by at most r * sum(|V|), and the maintenance
    margin rises by at most r * sum(rate * |V|), with the rate of the last bracket, the steepest, and an atom for each
    position, as it is rounded up. So the call is out of reach while r * sum(|V| * (call ratio + rate)) is below what is
    left to it; and liquidation, at a ratio of 1, lies behind a call ratio of at most 1. Half of that r is taken, so
    that intervals still hold after small changes.
    """
    if scope.margin_called or scope.in_liquidation:
        return None
    ratio = _call_ratio(state)
    left, weight, marks = ratio * scope.wallet, 0, {}
    for symbol, _, leg in scope.legs():
        market = state.markets[symbol]
        spare, stake = _spare_and_stake(market, leg.position, ratio)
        left, weight, marks[symbol] = left + spare, weight + stake, market.mark_price
    if left <= 0:
        return None if marks or left else {}
    intervals = {}
    for symbol, mark in marks.items():
        room = (mark * left - 1) // (2 * weight)  # whole ticks
        intervals[symbol] = (mark - room, mark + room)
    return intervals


def _call_ratio(state: State) -> int:
    return min(RATE_ONE, state.rules.margin_call_ratio)


def _spare_and_stake(market: Market, position: Position, ratio: int) -> tuple[int, int]:
    """Return what a position adds to what is left to the call, and |V| * (call ratio + rate): both in 1e-8 atoms."""
    contract = market.contract
    notional = contract.notional(market.mark_price, position.quantity)
    size = abs(notional)
    bracket = contract.bracket_of(size)
    required = size * bracket.rate + RATE_ONE * (2 - bracket.cum)  # an atom for rounding up here, another for there
    spare = ratio * (notional - position.entry_value) - required
    return spare, size * (ratio + contract.brackets[-1].rate)
