"""The rows of the conformance matrix: what a client must be able to do. It runs nothing.

It is read in environments where only one client is installed, so it imports nothing beyond the standard library.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """One operation: the key that results are filed under, and what is done and looked at."""

    key: str
    what: str


class Group(NamedTuple):
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


GROUPS = (
    Group(
        "Market data",
        (
            Row("load_markets", "load the markets: tick, step and smallest notional are right"),
            Row("time", "ask the server's time"),
            Row("book_snapshot", "ask for the order book"),
            Row("book_sync", "keep the order book through the diffs of a stream"),
            Row("klines", "ask for candles"),
            Row("trades", "ask for the latest trades"),
            Row("tickers", "ask for tickers: last price, best bid and ask"),
            Row("mark_price", "ask for mark price, index price and funding rate"),
            Row("market_streams", "hear trades, candles, tickers, best prices and mark price on streams"),
        ),
    ),
    Group(
        "Orders",
        (
            Row("limit_gtc", "place a limit order that rests"),
            Row("limit_ioc", "IOC: fill what is there, the rest expires"),
            Row("limit_fok", "FOK: all or nothing"),
            Row("limit_gtx", "GTX (post only): rests"),
            Row("gtx_refused", "GTX that would take is refused"),
            Row("limit_gtd", "GTD: rests, and knows its date"),
            Row("market", "a market order fills"),
            Row("reduce_only", "a reduce-only order closes a position, and is refused without one"),
            Row("price_match", "priceMatch: the venue chooses the price"),
            Row("amend", "amend price and quantity"),
            Row("batch_place", "place several orders in one request, one of them refused"),
            Row("batch_amend", "amend several orders in one request"),
            Row("batch_cancel", "cancel several orders in one request"),
            Row("cancel", "cancel by id and by client order id"),
            Row("cancel_all", "cancel all orders of a contract"),
            Row("countdown", "countdown cancel: set, and carried out when it runs out"),
            Row("order_query", "query one order by id and by client order id"),
            Row("open_orders", "list the open orders"),
            Row("all_orders", "list all orders, ended ones too"),
            Row("my_trades", "list the account's trades, with fees"),
        ),
    ),
    Group(
        "Conditional orders",
        (
            Row("stop_market", "STOP_MARKET: placed, listed, triggered; its order fills; ALGO_UPDATE tells each step"),
            Row(
                "stop_limit",
                "STOP: placed, triggered; its limit order rests",
            ),
            Row("take_profit_market", "TAKE_PROFIT_MARKET: placed, triggered; its order fills"),
            Row("take_profit_limit", "TAKE_PROFIT: placed, triggered; its limit order rests"),
            Row("trailing", "TRAILING_STOP_MARKET: follows the price, then triggers"),
            Row("close_position", "closePosition: closes the whole position"),
            Row("conditional_cancel", "cancel a conditional order, and all of a contract"),
        ),
    ),
    Group(
        "Account",
        (
            Row("balance", "ask for balances"),
            Row("positions", "ask for positions"),
            Row("leverage", "change leverage"),
            Row("brackets", "ask for leverage brackets"),
            Row("margin_type", "change the margin type; the second time is refused as needless"),
            Row("add_margin", "add margin to an isolated position"),
            Row("hedge_mode", "hedge mode: a long and a short at once"),
            Row("transfer", "transfer between funding and futures wallet"),
            Row("income", "list the income: the fee of a trade"),
            Row("commission", "ask for the fee rates"),
        ),
    ),
    Group(
        "User events and WebSocket API",
        (
            Row("event_order", "hear that an order was placed and cancelled"),
            Row("event_fill", "hear of a fill"),
            Row("event_account", "hear the new balance and position"),
            Row("listen_key", "renew the listenKey; its stream goes on"),
            Row("ws_order", "WebSocket API: place, amend, query and cancel an order"),
            Row("ws_conditional", "WebSocket API: place and cancel a conditional order"),
            Row("ws_account", "WebSocket API: ask for balance and position"),
        ),
    ),
    Group(
        "Errors, as the client's own exceptions",
        (
            Row("error_funds", "insufficient funds (-2019)"),
            Row("error_not_found", "order not found (-2011, -2013)"),
            Row("error_invalid", "invalid order (-4164: smaller than the smallest notional)"),
            Row("error_immediate", "a conditional order that would trigger at once (-2021)"),
            Row("error_rate", "rate limit (-1003, HTTP 429)"),
            Row("error_authentication", "wrong signature (-1022) and unknown key (-2015)"),
        ),
    ),
)
ROWS: dict[str, Row] = {row.key: row for group in GROUPS for row in group.rows}
