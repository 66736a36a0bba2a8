"""Which accounts a margin pass must look at, so that it need not look at all of them. It judges nobody.

An account has, in each contract in which it holds a position, an interval of marks. While every mark stays in its
interval, and nothing else happens to the account, no scope of it can be called or liquidated. The ends of the
intervals are sorted; a mark that crosses one brings its account up, as does any change of its wallets or positions.
The oracle is the scan of all accounts: it must find nothing else to do.
"""

from collections.abc import Iterator

from exchange.core.account import FUND_ID, Account, Interval, Scope, scopes
from exchange.core.margin import position_notional, standing
from exchange.core.state import Market, State
from exchange.core.units import INT63_MAX, RATE_ONE


def due_accounts(state: State) -> list[Account]:
    """Return the accounts to look at now, by id. Whoever was looked at must be watched anew (`watch_again`)."""
    due = dict(state.touched)
    for market in state.markets.values():
        due.update(dict.fromkeys(_crossed(market)))
    return [state.accounts[account_id] for account_id in sorted(due) if account_id != FUND_ID]


def touched_accounts(state: State) -> list[Account]:
    """Return the accounts that something has touched since they were looked at, by id."""
    return [state.accounts[account_id] for account_id in sorted(state.touched) if account_id != FUND_ID]


def watch_again(state: State, account: Account) -> None:
    """Find the intervals of an account anew; one that must be looked at at every mark stays touched."""
    for symbol, (low, high) in account.quiet.items():
        market = state.markets[symbol]
        market.quiet_lows.remove((low, account.account_id))
        market.quiet_highs.remove((high, account.account_id))
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
        market.quiet_lows.add((low, account.account_id))
        market.quiet_highs.add((high, account.account_id))


def _crossed(market: Market) -> Iterator[int]:
    """Yield the accounts whose interval the mark has left."""
    mark = market.mark_price
    for _, account_id in market.quiet_lows.irange((mark + 1, 0)):
        yield account_id
    for _, account_id in market.quiet_highs.irange(maximum=(mark - 1, INT63_MAX)):
        yield account_id


def _quiet_intervals(state: State, scope: Scope) -> dict[str, Interval] | None:
    """Return marks by symbol among which nothing can happen to a scope, all moving at once; None: look every time.

    Let every mark move by at most a share r of itself. Then equity falls by at most r * sum(|V|), and the maintenance
    margin rises by at most r * sum(rate * |V|), with the rate of the last bracket, the steepest, and an atom for each
    position, as it is rounded up. So the call is out of reach while r * sum(|V| * (call ratio + rate)) is below what is
    left to it; and liquidation, at a ratio of 1, lies behind a call ratio of at most 1.
    """
    balance, required = standing(state, scope)
    if not required and balance >= 0 and not scope.in_liquidation and not scope.margin_called:
        return {}
    ratio = min(RATE_ONE, state.rules.margin_call_ratio)
    held = list(scope.legs())
    left = ratio * balance - RATE_ONE * (required + len(held))
    if left <= 0 or scope.margin_called or scope.in_liquidation:
        return None
    weight = 0
    for symbol, _, leg in held:
        market = state.markets[symbol]
        weight += abs(position_notional(market, leg.position)) * (ratio + market.contract.brackets[-1].rate)
    intervals = {}
    for symbol, _, _ in held:
        mark = state.markets[symbol].mark_price
        room = (mark * left - 1) // weight  # whole ticks, strictly inside
        intervals[symbol] = (mark - room, mark + room)
    return intervals
