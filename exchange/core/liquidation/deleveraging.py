"""Auto-deleveraging: what the backstop refused is closed against other traders. A transfer: no fee, no trade, no print.

The policy ranks (`policies.adl`); this finds who can be ranked, and closes. Source: docs/rules.md, section 8.3.
"""

from exchange.core.account import FUND_ID, cross_scope, scope_of
from exchange.core.clearing import end_order, expire_knocked_out
from exchange.core.enums import BalanceReason, ExpireReason, OrderStatus
from exchange.core.events import Deleveraged, DeleveragingExhausted, VaultUnderwater
from exchange.core.fund import fund_equity
from exchange.core.liquidation.adl_queue import AdlQueue
from exchange.core.liquidation.procedure import clear
from exchange.core.liquidation.sale import Sale, next_liquidation_id
from exchange.core.liquidation.transfer import Party, transfer_lots
from exchange.core.margin import position_notional, standing
from exchange.core.policies.adl import AdlPrice, Counterparty, Ranker, divided, is_feasible, ranked
from exchange.core.policies.backstop import BackstopKind
from exchange.core.state import State
from exchange.core.units import Atoms, Lots, Ticks


def deleverage(state: State, queue: list[Sale]) -> None:
    """Close what is queued, in its order, as far as its owners still need it; then a vault that is under water."""
    lines = AdlQueue(state)
    for sale in queue:
        balance, required = standing(state, sale.scope)
        if sale.leg.position.quantity and balance <= required:
            _deleverage(state, lines, sale, state.rules.engine.adl.price)
        if sale.scope.in_liquidation:
            clear(state, sale.scope)
            lines.renew(sale.scope.account)
            lines.renew(state.fund)
    _deleverage_vault(state, lines)


def _deleverage_vault(state: State, lines: AdlQueue) -> None:
    """Close the positions of a vault that is under water, at the mark."""
    if state.rules.engine.backstop.kind is not BackstopKind.VAULT or fund_equity(state) >= 0:
        return
    scope = cross_scope(state.fund)
    balance, required = standing(state, scope)
    state.events.append(VaultUnderwater(Atoms(balance)))
    for symbol, _, leg in list(scope.legs()):
        market = state.markets[symbol]
        if not market.frozen:
            value = position_notional(market, leg.position)
            sale = Sale(next_liquidation_id(state), scope, market, leg, leg.position.quantity, value, balance, required)
            _deleverage(state, lines, sale, AdlPrice.MARK)


def _deleverage(state: State, lines: AdlQueue, sale: Sale, price: AdlPrice) -> None:
    """Close a position against those who are well, as ranked; then against those in liquidation, at the mark."""
    symbol, left, ranker = sale.market.contract.symbol, abs(sale.leg.position.quantity), state.rules.engine.adl.ranker
    line = lines.against(symbol, sale.held)
    bearing = (one for one in line.well() if _takes_part(state, sale, one) and _can_bear(sale, one, price))
    drawn = ranker is Ranker.RANDOM_SEEDED  # it counts them all
    for one, lots in divided(ranker, ranked(ranker, list(bearing), sale.liquidation_id) if drawn else bearing, left):
        account = state.accounts[one.account_id]
        _close(state, lines, sale, Party(account, account.leg(symbol, one.side)), lots, price)
        left -= lots
    for party in line.in_liquidation() if left else []:
        lots = min(left, abs(party.leg.position.quantity))
        if lots:
            _close(state, lines, sale, party, lots, AdlPrice.MARK)
            clear(state, scope_of(party.account, symbol, party.leg.side))
            lines.renew(party.account)
            lines.renew(state.fund)
            left -= lots
    if left:
        state.events.append(
            DeleveragingExhausted(
                liquidation_id=sale.liquidation_id,
                account_id=sale.scope.account.account_id,
                symbol=symbol,
                position_side=sale.leg.side,
                quantity=Lots(left),
            )
        )


def _takes_part(state: State, sale: Sale, one: Counterparty) -> bool:
    """Tell whether a position may be a counterparty at all: the fund's only by the rules, and never for a vault."""
    fund_may = state.rules.engine.backstop.in_adl and sale.scope.account.account_id != FUND_ID
    return one.account_id != FUND_ID or fund_may


def _can_bear(sale: Sale, one: Counterparty, price: AdlPrice) -> bool:
    lots = min(abs(sale.leg.position.quantity), one.lots)
    at_mark = sale.market.contract.notional(sale.market.mark_price, -sale.side * lots)
    return is_feasible(one.equity, at_mark, _value(sale, lots, price))


def _value(sale: Sale, lots: int, price: AdlPrice) -> int:
    """Return what the bankrupt receives for `lots`, signed."""
    market = sale.market
    if price is AdlPrice.BANKRUPTCY:
        return sale.part(lots)
    at = market.previous_mark if price is AdlPrice.PREVIOUS_MARK and market.previous_mark else market.mark_price
    return market.contract.notional(at, -sale.side * lots)


def _close(state: State, lines: AdlQueue, sale: Sale, taker: Party, lots: int, price: AdlPrice) -> None:
    """Close lots of a bankrupt's position against a counterparty's, whose orders in the contract are canceled."""
    symbol, value = sale.market.contract.symbol, _value(sale, lots, price)
    for order in list(taker.account.holdings[symbol].orders.values()):
        end_order(state, order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    giver = Party(sale.scope.account, sale.leg)
    profit = transfer_lots(state, giver, taker, symbol, lots, value, BalanceReason.DELEVERAGING)
    for account in (giver.account, taker.account, state.fund):  # the fund pays what is owed
        lines.renew(account)
    expire_knocked_out(state, sale.leg)  # only a vault has orders left
    order_id = state.take_order_id()
    state.events.append(
        Deleveraged(
            liquidation_id=sale.liquidation_id,
            symbol=symbol,
            account_id=giver.account.account_id,
            position_side=giver.leg.side,
            counterparty_id=taker.account.account_id,
            counterparty_side=taker.leg.side,
            quantity=Lots(lots),
            value=Atoms(-sale.side * value),
            mark_price=Ticks(sale.market.mark_price),
            order_id=order_id,
            side=sale.side.opposite,
            realized_pnl=Atoms(profit),
        )
    )
