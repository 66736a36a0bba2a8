"""Funding: payments between longs and shorts at the mark. Settled for every account at once, never lazily."""

from exchange.core.clearing import change_wallet
from exchange.core.enums import BalanceReason
from exchange.core.events import FundingSettled
from exchange.core.state import Market, State
from exchange.core.units import RATE_ONE, Nanos, Ticks, div_ceil


def settle_funding(state: State, market: Market, funding_ts: int) -> None:
    """Pay one interval's funding of a contract: a payer pays the ceil, a receiver gets the floor, the rest is dust."""
    contract = market.contract
    rate = contract.funding_rate
    state.events.append(FundingSettled(contract.symbol, rate, Ticks(market.mark_price), Nanos(funding_ts)))
    for _, account in sorted(state.accounts.items()):
        quantity = account.holdings[contract.symbol].position.quantity
        if not quantity:
            continue
        payment = div_ceil(contract.notional(market.mark_price, quantity) * rate, RATE_ONE)
        state.dust += payment
        change_wallet(state, account, -payment, BalanceReason.FUNDING_FEE, contract.symbol)
