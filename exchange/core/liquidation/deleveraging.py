"""Auto-deleveraging: what the backstop refused is closed against other traders. A transfer: no fee, no trade, no print.

The policy ranks (`policies.adl`); this finds who can be ranked, and closes. Source: docs/rules.md, section 8.3.
"""

from collections.abc import Iterator

from exchange.core.account import FUND_ID, Account, Leg, cross_scope, scope_of
from exchange.core.clearing import end_order, expire_knocked_out
from exchange.core.enums import BalanceReason, ExpireReason, OrderStatus
from exchange.core.events import Deleveraged, DeleveragingExhausted, VaultUnderwater
from exchange.core.fund import fund_equity
from exchange.core.liquidation.procedure import clear
from exchange.core.liquidation.sale import Sale, next_liquidation_id
from exchange.core.liquidation.transfer import Party, transfer_lots
from exchange.core.margin import (
    equity,
    on_stale_index,
    position_maintenance,
    position_notional,
    standing,
    unrealized_pnl,
)
from exchange.core.policies.adl import AdlPrice, Counterparty, allocated, is_feasible
from exchange.core.policies.backstop import BackstopKind
from exchange.core.state import State
from exchange.core.units import Atoms, Lots, Ticks


def deleverage_queued(state: State, queue: list[Sale]) -> None:
    """Close what is queued, in its order, as far as its owners still need it; then clear and release them."""
    for sale in queue:
        balance, required = standing(state, sale.scope)
        if sale.leg.position.quantity and balance <= required:
            _deleverage(state, sale, state.rules.engine.adl.price)
        if sale.scope.in_liquidation:
            clear(state, sale.scope)


def deleverage_vault(state: State) -> None:
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
            _deleverage(state, sale, AdlPrice.MARK)


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


def _deleverage(state: State, sale: Sale, price: AdlPrice) -> None:
    """Close a position against those who are well, as ranked; then against those in liquidation, at the mark."""
    market, left = sale.market, abs(sale.leg.position.quantity)
    candidates = [
        counterparty(state, account, market.contract.symbol, leg)
        for account, leg in _opposite(state, sale, in_liquidation=False)
        if _is_feasible(state, sale, account, leg, price)
    ]
    for one, lots in allocated(state.rules.engine.adl.ranker, candidates, left, sale.liquidation_id):
        account = state.accounts[one.account_id]
        _close(state, sale, Party(account, account.leg(market.contract.symbol, one.side)), lots, price)
        left -= lots
    for account, leg in list(_opposite(state, sale, in_liquidation=True)) if left else []:
        lots = min(left, abs(leg.position.quantity))
        if lots:
            _close(state, sale, Party(account, leg), lots, AdlPrice.MARK)
            clear(state, scope_of(account, market.contract.symbol, leg.side))
            left -= lots
    if left:
        state.events.append(
            DeleveragingExhausted(
                liquidation_id=sale.liquidation_id,
                account_id=sale.scope.account.account_id,
                symbol=market.contract.symbol,
                position_side=sale.leg.side,
                quantity=Lots(left),
            )
        )


def _opposite(state: State, sale: Sale, *, in_liquidation: bool) -> Iterator[tuple[Account, Leg]]:
    """Yield the positions on the other side, by account and leg, of scopes in liquidation or of those that are well."""
    symbol = sale.market.contract.symbol
    for _, account in sorted(state.accounts.items()):
        for leg in account.holdings[symbol].legs.values():
            scope = scope_of(account, symbol, leg.side)
            if leg.position.quantity * sale.held < 0 and scope.in_liquidation is in_liquidation:
                if account.account_id == FUND_ID and not _fund_takes_part(state, sale):
                    continue
                if in_liquidation or not on_stale_index(state, scope):
                    yield account, leg


def _fund_takes_part(state: State, sale: Sale) -> bool:
    return state.rules.engine.backstop.in_adl and sale.scope.account.account_id != FUND_ID


def _is_feasible(state: State, sale: Sale, account: Account, leg: Leg, price: AdlPrice) -> bool:
    lots = min(abs(sale.leg.position.quantity), abs(leg.position.quantity))
    at_mark = sale.market.contract.notional(sale.market.mark_price, -sale.side * lots)
    owned = equity(state, scope_of(account, sale.market.contract.symbol, leg.side))
    return is_feasible(owned, at_mark, _value(sale, lots, price))


def _value(sale: Sale, lots: int, price: AdlPrice) -> int:
    """Return what the bankrupt receives for `lots`, signed."""
    market = sale.market
    if price is AdlPrice.BANKRUPTCY:
        return sale.part(lots)
    at = market.previous_mark if price is AdlPrice.PREVIOUS_MARK and market.previous_mark else market.mark_price
    return market.contract.notional(at, -sale.side * lots)


def _close(state: State, sale: Sale, taker: Party, lots: int, price: AdlPrice) -> None:
    """Close lots of a bankrupt's position against a counterparty's, whose orders in the contract are canceled."""
    symbol, value = sale.market.contract.symbol, _value(sale, lots, price)
    for order in list(taker.account.holdings[symbol].orders.values()):
        end_order(state, order, OrderStatus.EXPIRED, ExpireReason.LIQUIDATION)
    giver = Party(sale.scope.account, sale.leg)
    profit = transfer_lots(state, giver, taker, symbol, lots, value, BalanceReason.DELEVERAGING)
    expire_knocked_out(state, sale.leg)  # only a vault has orders left
    order_id = state.next_order_id
    state.next_order_id += 1
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
