"""The table of the formulas that vectors may name, and of those that are known but not built. It computes nothing."""

from collections.abc import Callable, Mapping

from exchange.conformance import liquidation_formulas as of_liquidation
from exchange.conformance import margin_formulas as of_margin
from exchange.conformance import price_formulas as of_prices
from exchange.conformance.inputs import Inputs, Outputs

FORMULAS: Mapping[str, Callable[[Inputs], Outputs]] = {
    "liquidation_price": of_margin.liquidation_price,
    "hedge_liquidation_prices": of_margin.hedge_liquidation_prices,
    "maintenance_margin": of_margin.maintenance_margin,
    "bracket_cums": of_margin.cums,
    "order_cost": of_margin.order_cost,
    "market_sell_order_margin": of_margin.market_sell_order_margin,
    "netted_initial_margin": of_margin.netted_initial_margin,
    "bybit_isolated_liquidation_price": of_margin.bybit_isolated_liquidation_price,
    "bybit_order_cost": of_margin.bybit_order_cost,
    "linear_slope_margin": of_margin.linear_slope_margin,
    "isolated_against_cross_loss": of_margin.isolated_against_cross_loss,
    "index_source_clamp": of_prices.index_source_clamp,
    "deribit_legacy_mark": of_prices.deribit_legacy_mark,
    "median_of_three_mark": of_prices.median_of_three_mark,
    "book_price": of_prices.book_price,
    "premium_index": of_prices.premium_index,
    "funding_average": of_prices.funding_average,
    "funding_rate": of_prices.funding_rate,
    "funding_cap": of_prices.funding_cap,
    "impact_margin_notional": of_prices.impact_margin_notional,
    "deribit_funding_rate": of_prices.deribit_funding_rate,
    "hyperliquid_funding": of_prices.hyperliquid_funding,
    "bankruptcy_amount": of_liquidation.bankruptcy_amount,
    "fillable_price": of_liquidation.fillable_price,
    "deleverage_price": of_liquidation.deleverage_price,
    "deleverage_feasibility": of_liquidation.deleverage_feasibility,
    "drift_base_to_liquidate": of_liquidation.drift_base_to_liquidate,
    "socialised_loss_per_unit": of_liquidation.socialised_loss_per_unit,
    "adl_drawdown_trigger": of_liquidation.adl_drawdown_trigger,
    "healing_quantity": of_liquidation.healing_quantity,
    "ladder_step": of_liquidation.ladder_step,
    "adl_score": of_liquidation.adl_score,
    "adl_allocation": of_liquidation.adl_allocation,
    "random_start": of_liquidation.random_start,
    "backstop_capacity": of_liquidation.backstop_capacity,
    "haircut": of_liquidation.haircut,
    "funding_delta": of_liquidation.funding_delta,
}

INVERSE = "inverse contracts (margin in the base asset) are not built"

UNSUPPORTED: Mapping[str, str] = {
    "inverse_cross_prices": INVERSE,
    "inverse_isolated_bankruptcy_price": INVERSE,
    "inverse_round_trip": INVERSE,
}
