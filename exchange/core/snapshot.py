"""The whole state as bytes and as one hash, so that two venues can be compared. It cannot be loaded back yet."""

import hashlib

import msgspec

from exchange.core.account import Account, Leg
from exchange.core.enums import Side
from exchange.core.state import Market, State

HASH_BYTES = 16


def capture(state: State) -> bytes:
    """Return all that a venue remembers, encoded the same way on every machine; money as text: it has no bound."""
    return msgspec.msgpack.encode(
        (
            [_account(account) for _, account in sorted(state.accounts.items())],
            [_market(market) for market in state.markets.values()],
            (state.ts, state.resumed, state.unwind_due, state.pass_due, state.firing_due),
            (state.unwind_stopped_until, state.drawdown),
            [[(ts, str(equity)) for ts, equity in notes] for notes in (state.drawdown_notes, state.stop_notes)],
            state.carried_over,
            [str(total) for total in (state.trading_fees, state.dust, state.net_deposits)],
            [str(total) for total in (state.shortfall_total, state.loss_left)],
            (state.next_account_id, state.next_order_id, state.next_trade_id, state.next_liquidation_id),
        )
    )


def state_hash(state: State) -> str:
    """Return the hash of the whole state, in hex."""
    return hashlib.blake2b(capture(state), digest_size=HASH_BYTES).hexdigest()


def _account(account: Account) -> tuple[object, ...]:
    holdings = [
        (
            symbol,
            (holding.leverage, holding.margin_type, holding.auto_add_margin),
            [_leg(leg) for leg in holding.legs.values()],
            list(holding.orders),
            holding.countdown_due,
        )
        for symbol, holding in account.holdings.items()
    ]
    wallets = [str(balance) for balance in (account.cross_wallet, account.funding_wallet)]
    flags = (account.hedge, account.margin_called, account.in_liquidation, account.resume_at, account.memory)
    waiting = [(one.record(), 0 if one.trail is None else one.trail.extreme) for one in account.conditionals.values()]
    return (account.account_id, account.name, wallets, flags, holdings, waiting)


def _leg(leg: Leg) -> tuple[object, ...]:
    position = leg.position
    return (
        leg.side,
        position.quantity,
        [str(amount) for amount in (position.entry_value, position.realized_pnl, leg.isolated_wallet)],
        (leg.margin_called, leg.in_liquidation, leg.resume_at, leg.memory),
    )


def _market(market: Market) -> tuple[object, ...]:
    sides = [
        [
            (level.price, [(order.record(), order.amendments) for order in level.orders.values()])
            for level in market.book.levels(side)
        ]
        for side in (Side.BUY, Side.SELL)
    ]
    averages = [str(part) for ema in (market.basis_ema, market.price_ema) for part in (ema.total, ema.weight)]
    premium = market.premium
    return (
        market.contract.symbol,
        market.operator_state,
        [(name, source.price, source.updated_ts, source.status) for name, source in market.sources.items()],
        (market.index_price, market.index_source_ts, market.mark_price, market.previous_mark, market.last_price),
        (market.basis_samples, averages, list(market.high_marks), list(market.low_marks)),
        [str(part) for part in (premium.count, premium.total, premium.weighted, premium.last)],
        (market.funding_interval, market.funding_rate),
        market.book_update_id,
        (market.mark_due, market.sample_due, market.premium_due, market.funding_due),
        (market.stale_due, market.breaker_due),
        sides,
    )
