"""Which planted bug must be caught by which test. A patch without a row, or a row without a patch, is a failure."""

from typing import NamedTuple


class Mutant(NamedTuple):
    """A patch of `tests/mutants/` (its name without suffix), the test that must fail with it, and what it breaks."""

    patch: str
    test: str
    breaks: str


MARKET = "tests/market/test_tables.py::test_market"
INDEX = "tests/core/test_index.py::"
FUNDING = "tests/core/test_funding.py::"
LIVES = "tests/simulation/test_simulation.py::test_core_and_reference_live_the_same_lives"

MUTANTS: tuple[Mutant, ...] = (
    Mutant(
        "flip_with_wrong_sign",
        MARKET + "[positions: From long to short through zero]",
        "a position that flips opens on the wrong side",
    ),
    Mutant(
        "liquidation_trigger_strict",
        MARKET + "[liquidation: At equality it begins (long)]",
        "equity equal to maintenance margin is not liquidated",
    ),
    Mutant(
        "liquidation_fee_not_booked",
        MARKET + "[liquidation: The trader pays the liquidation fee to the fund, and no taker fee]",
        "the fund never gets the liquidation fee",
    ),
    Mutant(
        "youngest_first",
        MARKET + "[priority: At one price the older order goes first]",
        "last in, first out at one price",
    ),
    Mutant(
        "levels_in_touched_order",
        LIVES,
        "levels are reported in the order of a dictionary",
    ),
    Mutant(
        "maker_fee_lost",
        MARKET + "[priority: Fees are rounded up, and a maker's rebate shrinks]",
        "the maker pays a fee that nobody gets",
    ),
    Mutant(
        "bracket_off_by_one",
        MARKET + "[order_margin: Maintenance margin follows the brackets without a jump]",
        "the next bracket is taken",
    ),
    Mutant(
        "reduce_only_increases",
        MARKET + "[reduce_only: What cannot rest is cut to the position]",
        "a reduce-only order goes through zero",
    ),
    Mutant(
        "fee_rounded_down",
        MARKET + "[priority: Fees are rounded up, and a maker's rebate shrinks]",
        "floor for ceil",
    ),
    Mutant(
        "taker_not_knocked_out",
        MARKET + "[reduce_only: A smaller position knocks out the worst first, then the youngest]",
        "reduce-only orders of the taker outlive its position",
    ),
    Mutant(
        "takeover_rounded_down",
        LIVES,
        "the fund takes over an atom too dear",
    ),
    Mutant(
        "fill_or_kill_counts_knocked_out",
        MARKET + "[reduce_only: A maker's order is knocked out in the middle of the walk]",
        "the walk counts makers that it knocks out itself",
    ),
    Mutant(
        "funding_receiver_gets_ceil",
        LIVES,
        "rounding of funding creates money",
    ),
    Mutant(
        "profit_leaves",
        MARKET + "[withdrawals: Unrealised profit is margin, and never leaves]",
        "unrealised profit can be withdrawn",
    ),
    Mutant(
        "amendment_keeps_place_when_larger",
        MARKET + "[amend_cancel: A larger quantity loses it]",
        "a larger order jumps the queue",
    ),
    Mutant(
        "fund_shortfall_of_what_is_paid",
        MARKET + "[fund: What the fund can pay is none, be it more than is left]",
        "a loss that the fund can pay is counted as one that it cannot",
    ),
    Mutant(
        "funding_after_margin_pass",
        MARKET + "[funding: A payer that cannot pay: the receiver is paid, the fund takes the loss]",
        "who cannot pay funding is judged before it is due",
    ),
    Mutant(
        "isolated_loss_reaches_cross_wallet",
        MARKET
        + "[flips: Isolated: a loss beyond the old wallet is the fund's, though the cross wallet could have paid it]",
        "the cross wallet pays what an isolated position lost beyond its own",
    ),
    Mutant(
        "freed_margin_kept_twice",
        MARKET + "[isolated: A fill brings its margin along, and a part that closes takes its share home]",
        "freed margin stays in the isolated wallet, too",
    ),
    Mutant(
        "isolated_margin_reserved_twice",
        MARKET + "[isolated: A fill brings its margin along, and a part that closes takes its share home]",
        "the cross wallet reserves again what an isolated position has paid",
    ),
    Mutant(
        "fill_brings_cross_positions_down",
        MARKET + "[isolated: A fill takes what the cross positions can spare, and no more]",
        "a fill takes the margin that cross positions stand on",
    ),
    Mutant(
        "cross_liquidation_spares_isolated_orders",
        MARKET + "[isolated: And is left alone by the liquidation of the cross positions, but for its orders]",
        "orders of isolated contracts outlive the liquidation of the account",
    ),
    Mutant(
        "auto_add_in_vain",
        MARKET + "[margin_moves: Too little is not moved at all]",
        "auto-add throws good money after bad",
    ),
    Mutant(
        "removable_ignores_loss",
        MARKET + "[margin_moves: What the initial margin does not need can be taken out; profit cannot]",
        "margin that a loss has used up can be taken out",
    ),
    Mutant(
        "short_leg_needs_no_margin",
        LIVES,
        "the short leg of a hedge reserves nothing",
    ),
    Mutant(
        "open_loss_of_sells_forgotten",
        MARKET + "[order_margin: A limit sell below the mark needs its open loss, too (Binance's example: 469.205)]",
        "a sell below the mark loses nothing",
    ),
    Mutant(
        "index_clamp_off_by_one",
        INDEX + "test_bounds_between_ticks_hold_no_more_than_the_clamp",
        "a source counts a tick beyond the clamp",
    ),
    Mutant(
        "stale_index_liquidates",
        INDEX + "test_a_restricted_contract_stays_so_while_its_index_is_stale",
        "a restricted contract is liquidated at a price that nobody knows",
    ),
    Mutant(
        "shortened_interval_stays",
        FUNDING + "test_a_settlement_at_the_cap_shortens_the_interval_until_one_below_it",
        "a shortened funding interval never returns",
    ),
    Mutant(
        "saved_scope_topped_up",
        MARKET + "[margin_moves: Saved by its own bid on the way, it is given nothing more]",
        "a position that needs no help any more takes it",
    ),
    Mutant(
        "cross_debt_waits_for_isolated",
        MARKET + "[isolated: A cross wallet below zero is the fund's to fill, though an isolated position stands]",
        "a cross wallet stays below zero while an isolated position stands",
    ),
    Mutant(
        "largest_position_first",
        MARKET + "[liquidation: Not the larger one, if less of it must be held]",
        "the largest position goes first, however little of it must be held",
    ),
    Mutant(
        "isolated_open_loss_left",
        MARKET + "[isolated_orders: A fill at a bad price brings its loss against the mark along]",
        "an isolated position leaves the loss that it begins with to the fund",
    ),
    Mutant(
        "called_stays_called",
        MARKET + "[isolated_orders: A position that was called is called anew when it has turned around]",
        "a position that has turned around is never called again",
    ),
    Mutant(
        "profit_pays_for_isolated_orders",
        MARKET + "[isolated_orders: Profit of a cross position is margin, but cannot pay for an isolated order]",
        "isolated orders reserve profit, which cannot come along",
    ),
    Mutant(
        "closes_beyond_bankruptcy",
        MARKET + "[closing: Nobody closes beyond bankruptcy, at the cost of the fund]",
        "a position is given away, and the fund pays",
    ),
    Mutant(
        "closes_beyond_bankruptcy_in_parts",
        MARKET + "[closing: Resting orders that close are judged together]",
        "a position is given away order by order",
    ),
    Mutant(
        "margin_freed_under_a_resting_loss",
        MARKET + "[closing: A close at a loss that frees margin on its way leaves enough for its last trades]",
        "margin leaves a position before the trades that need it",
    ),
    Mutant(
        "close_leaves_less_than_maintenance",
        MARKET + "[closing: Cross positions pay for each other, so what one has won lets the other be closed]",
        "what stays after a bad close is liquidated at an unchanged mark",
    ),
    Mutant(
        "reducing_loss_leaves",
        MARKET + "[closing: What a resting reduce-only order would lose cannot be taken away]",
        "what a resting order would lose is withdrawn before it trades",
    ),
    Mutant(
        "stale_scope_judged",
        MARKET + "[stale: Not called, not liquidated, not topped up: all of that comes when the price is back]",
        "a scope is judged at a price that nobody knows",
    ),
    Mutant(
        "too_few_sources_make_a_mark",
        INDEX + "test_a_price_that_is_not_enough_for_an_index_makes_no_mark[0]",
        "a lone source makes a mark where two are needed",
    ),
    Mutant(
        "deleveraged_paid_twice",
        MARKET + "[deleveraging: It is a transfer: no fee, no trade, no print; the mark and the last price stand]",
        "a counterparty of a deleveraging is paid its profit twice",
    ),
    Mutant(
        "fund_cap_ignored",
        MARKET + "[backstop: The cap: a part of a position, the rest is deleveraged]",
        "the fund takes more than its cap allows",
    ),
    Mutant(
        "worst_scope_last",
        LIVES,
        "the worst scope is liquidated last",
    ),
    Mutant(
        "residue_kept_twice",
        "tests/core/test_unwinding.py::test_lots_closed_as_a_counterparty_are_closed",
        "what was handed over counts again for what is deleveraged",
    ),
    Mutant(
        "deleveraging_beyond_bearing",
        MARKET + "[deleveraging: Who would be left below zero is passed over; exactly at zero it is enough]",
        "a counterparty is closed at a price that bankrupts it",
    ),
    Mutant(
        "makers_not_judged_again",
        MARKET + "[stated_results: A maker who buys what a liquidation sells is looked at again in the same pass]",
        "a maker that a liquidation brings down waits for the next mark",
    ),
    Mutant(
        "fund_quotes_outlive_its_position",
        MARKET + "[unwinding: A quote goes with what it would close: the fund takes over the other side]",
        "a quote of the fund closes what the fund no longer holds",
    ),
    Mutant(
        "memory_outlives_liquidation",
        LIVES,
        "a policy remembers a liquidation that is over",
    ),
    Mutant(
        "haircut_of_losers",
        MARKET + "[losses: HAIRCUT: who is in profit pays, in proportion to it]",
        "who has lost pays for the fund, too",
    ),
    Mutant(
        "charged_dust_lost",
        MARKET + "[losses: FUNDING_DELTA: every position pays, long or short, by its notional]",
        "what is charged beyond a loss disappears",
    ),
    Mutant(
        "winning_shorts_ranked_last",
        "tests/core/test_backstop.py::test_the_score_of_a_short_is_side_corrected",
        "winning shorts are deleveraged last",
    ),
    Mutant(
        "gap_left_to_the_account",
        MARKET + "[procedures: dydx_v4: the fund pays the gap below bankruptcy]",
        "the fund does not pay for a fill beyond bankruptcy",
    ),
    Mutant(
        "drawdown_never_ends",
        MARKET + "[backstop: Drawdown: on at equality, off a little above equality]",
        "everything is deleveraged for ever",
    ),
    Mutant(
        "waits_forgotten",
        MARKET + "[procedures: hyperliquid_backstop: a fifth of a large position, then 30 s of rest]",
        "a wait ends with the next mark, not in its time",
    ),
    Mutant(
        "healed_at_equality",
        MARKET + "[sizing: The fewest lots that heal: at equality one more]",
        "a liquidation stops where the next one begins",
    ),
    Mutant(
        "turned_fee_charged_to_what_closes",
        LIVES,
        "the fee of what is opened is taken from what is closed",
    ),
    Mutant(
        "vault_under_water_takes_more",
        MARKET + "[backstop: A VAULT with nothing takes nothing]",
        "a vault under water takes positions over",
    ),
    Mutant(
        "unwinding_lured_behind_the_best_price",
        MARKET + "[unwinding: TAKE: a tenth of the best price's lots, no further than the rate of the lowest bracket]",
        "depth behind the best price lures the fund",
    ),
    Mutant(
        "carried_over_starve",
        MARKET + "[procedures: dydx_v4: so many accounts a block, here one, and next time who was carried over]",
        "who cannot be helped takes the place of others in every pass",
    ),
    Mutant(
        "shares_beyond_equity",
        LIVES,
        "a share of a loss bankrupts who pays it",
    ),
    Mutant(
        "anyone_liquidated_between_marks",
        LIVES,
        "the end of a wait has everybody judged, without a new mark",
    ),
    Mutant(
        "one_peak_for_both",
        LIVES,
        "the stop of unwinding forgets the peak that the drawdown is counted from",
    ),
    Mutant(
        "loss_shared_again",
        MARKET + "[losses: HAIRCUT: nobody pays more than its profit, the rest stays with the fund]",
        "the same profits pay for one loss at every pass",
    ),
    Mutant(
        "protected_trigger_fires_in_a_gap",
        MARKET + "[firing: A protected one waits while the last trade and the mark are far apart]",
        "price protection holds nothing up",
    ),
    Mutant(
        "falling_triggers_lowest_first",
        MARKET + "[firing: The price nearest to where it came from goes first, then the older one]",
        "of those that wait for a fall the farthest fires first",
    ),
    Mutant(
        "trailing_keeps_its_first_price",
        MARKET + "[firing: A trailing stop follows the best price it has seen]",
        "a trailing order follows no further than where it began",
    ),
    Mutant(
        "trailing_buy_rounded_down",
        MARKET
        + "[firing: A trailing stop that buys follows the lowest price, rounded so that it does not fire too early]",
        "a trailing order that buys fires a tick early",
    ),
    Mutant(
        "closers_outlive_a_turned_position",
        MARKET + "[firing: A position that is turned around takes the closers of its old side with it]",
        "an order that closes a position outlives one that is turned around",
    ),
    Mutant(
        "firing_forgets_the_rest",
        MARKET + "[firing: So many in one command, the rest a little later]",
        "what one command has no time to fire is never fired",
    ),
    Mutant(
        "trigger_at_equality_waits",
        MARKET + "[conditional: Each kind and side waits for its own direction]",
        "a price that is just reached triggers nothing",
    ),
    Mutant(
        "would_trigger_beyond_only",
        MARKET + "[conditional: What would trigger at once is refused, exactly at the price, too]",
        "an order that would trigger at once is let in",
    ),
    Mutant(
        "dates_forgotten_in_an_outage",
        MARKET + "[deadlines: An outage expires what it outlasts, all at once]",
        "a GTD order outlives an outage that it should not",
    ),
    Mutant(
        "ended_countdown_runs_on",
        MARKET + "[deadlines: A countdown cancels all orders unless it is set anew]",
        "a countdown that is ended runs on",
    ),
    Mutant(
        "price_match_takes_the_best_level",
        MARKET + "[deadlines: A price match takes the price of a level]",
        "QUEUE_5 is QUEUE",
    ),
    Mutant(
        "liquidation_spares_conditional_orders",
        MARKET + "[firing: A liquidation takes the conditional orders with it]",
        "conditional orders outlive the liquidation",
    ),
    Mutant(
        "canceled_order_leaves_its_stop_unfinished",
        MARKET + "[conditional: A stop with a limit rests at it, and is done when its order is]",
        "a conditional order is not finished when its order is canceled",
    ),
    Mutant(
        "conditional_orders_let_the_mode_change",
        MARKET + "[conditional: Neither margin type nor position mode changes while one waits]",
        "the position mode changes under waiting orders",
    ),
    Mutant(
        "closer_held_to_the_market_maximum",
        MARKET + "[firing: Close position: all of it, however large it has become; it goes when the position goes]",
        "a position larger than a market order may be cannot be closed by its stop",
    ),
    Mutant(
        "joined_trail_forgets_its_own",
        MARKET
        + "[firing: Trailing stops that have seen the same best price follow it together, each at its own distance]",
        "a trailing order that is overtaken stops following",
    ),
    Mutant(
        "sleepers_wake_too_late",
        MARKET + "[firing: With an activation price it follows only once that is reached]",
        "an activation price that is just reached activates nothing",
    ),
    Mutant(
        "lost_answer_loses_the_order",
        "tests/wire/test_faults.py::test_a_lost_answer_is_that_of_an_order_that_was_placed",
        "an order whose answer is lost was never placed, so that no bot learns to ask",
    ),
    Mutant(
        "disconnect_hits_the_others",
        "tests/plugin/test_venue.py::test_streams_end_and_come_again",
        "the streams of everybody else are disconnected",
    ),
    Mutant(
        "late_message_overtakes",
        "tests/wire/test_timing.py::test_a_channel_keeps_its_order_whatever_the_delays",
        "a message that is late is told at its time, though one before it is later still",
    ),
    Mutant(
        "candle_end_conflated",
        "tests/dialect/test_streams_table.py::test_the_end_of_a_candle_is_never_superfluous",
        "a slow reader never hears how a candle ended",
    ),
    Mutant(
        "state_overtakes_an_answer",
        "tests/wire/test_streams_connection.py::test_nothing_takes_a_place_before_an_answer",
        "events of a new stream come before its acknowledgement",
    ),
    Mutant(
        "session_outlives_its_key",
        "tests/dialect/test_ws_api.py::test_a_session_stands_for_the_key_until_it_is_left_or_the_key_is_gone",
        "who was logged on trades on with a key that was revoked",
    ),
    Mutant(
        "batch_parts_apart",
        "tests/wire/test_desk.py::test_the_parts_of_a_batch_are_done_in_one_go_and_answered_in_order",
        "orders of others come between those of a batch",
    ),
    Mutant(
        "diffs_conflated",
        "tests/wire/test_streams_fanout.py::test_a_message_carries_the_key_of_what_it_makes_superfluous",
        "a slow reader misses a diff, and keeps a wrong book",
    ),
)
