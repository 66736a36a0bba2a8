"""Margin rules of linear contracts that differ from the default venue's. Exact fractions; no state, no policy.

They are what other venues charge: presets of those venues will call them, `margincall vectors` holds them against
published numbers. Prices, quantities and rates are fractions of the units that people use.
"""

from fractions import Fraction


def assuming_price(
    direction: int, order_price: Fraction, last_price: Fraction, mark_price: Fraction, markup: Fraction
) -> Fraction:
    """Return the price at which a market order counts: BUY (+1) its own, SELL (-1) max(last * (1 + markup), mark, own).

    Source: Binance FAQ on order cost, newer version.
    """
    return order_price if direction > 0 else max(last_price * (1 + markup), mark_price, order_price)


def isolated_liquidation_price(
    side: int,
    quantity: Fraction,
    entry_price: Fraction,
    initial_margin: Fraction,
    maintenance_margin: Fraction,
    extra_margin: Fraction,
) -> Fraction:
    """Return entry - side * (initial - maintenance + extra) / quantity; maintenance is taken at entry, not at the mark.

    Source: Bybit help centre, Liquidation Price (USDT Contract).
    """
    return entry_price - side * Fraction(initial_margin - maintenance_margin + extra_margin, quantity)


def fee_to_close(side: int, notional: Fraction, leverage: Fraction, taker_rate: Fraction) -> Fraction:
    """Return the taker fee at the bankruptcy price, notional * (1 - side / leverage) * rate, which an order reserves.

    Source: Bybit help centre, Order Cost.
    """
    return notional * (1 - Fraction(side, leverage)) * taker_rate


def linear_slope_margin(quantity: Fraction, price: Fraction, base_rate: Fraction, slope: Fraction) -> Fraction:
    """Return quantity * price * (base_rate + quantity * slope), for a long and a short of the same size alike.

    Source: support.deribit, Linear Perpetual.
    """
    size = abs(quantity)
    return size * price * (base_rate + size * slope)
