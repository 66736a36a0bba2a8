"""Rules of linear contracts that differ from the default venue's. Exact fractions; no state, no policy.

They are what other venues charge, or how they choose what our contracts state: presets of those venues will call them,
`margincall vectors` holds them against published numbers. Prices, quantities and rates are fractions of the units that
people use.
"""

from fractions import Fraction


def assuming_sell_price(own: Fraction, last_price: Fraction, mark_price: Fraction, markup: Fraction) -> Fraction:
    """Return max(last * (1 + markup), mark, own): the price at which a market sell counts; a buy counts at its own.

    Source: Binance FAQ on order cost, newer version.
    """
    return max(last_price * (1 + markup), mark_price, own)


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


def is_valid_transition(
    collateral: Fraction, margin: Fraction, collateral_after: Fraction, margin_after: Fraction
) -> bool:
    """Tell whether an account that keeps a position may be left so: well, or no worse than it was.

    `margin` is the maintenance margin, positive. Below it neither the margin may rise, nor collateral / margin fall.
    Source: dydxprotocol/v4-chain, x/subaccounts/lib/updates.go.
    """
    if collateral_after >= margin_after:
        return True
    return margin_after <= margin and collateral_after * margin >= collateral * margin_after


def base_to_cure(
    shortage: Fraction, price: Fraction, margin_ratio: Fraction, liquidation_fee: Fraction, insurance_fee: Fraction
) -> Fraction | None:
    """Return the quantity whose sale frees `shortage`: shortage / (price * (margin ratio - both fees)).

    None: unlimited, no quantity does, for each costs as much in fees as it frees in margin.
    Source: drift-labs/protocol-v2, calculate_base_asset_amount_to_cover_margin_shortage.
    """
    freed = price * (margin_ratio - liquidation_fee - insurance_fee)
    return shortage / freed if freed > 0 else None


def funding_cap(maintenance_rate: Fraction, factor: Fraction) -> Fraction:
    """Return factor * the maintenance rate of the lowest bracket: the cap of the rate; the floor is its negative.

    Source: Binance funding FAQ.
    """
    return maintenance_rate * factor
