"""What an account holds, kept up to date by its user events. Pure: no socket; somebody feeds it."""

from dataclasses import dataclass
from typing import Any

from clients.reference.rest import Rest

OPEN_STATUSES = ("NEW", "PARTIALLY_FILLED")
LIQUIDATION_PREFIX = "autoclose-"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An open order; quantities in the base asset."""

    client_order_id: str
    symbol: str
    side: str
    price: float
    quantity: float
    filled: float


class AccountView:
    """Positions (base asset, signed), futures wallet (quote asset) and open orders by client order id."""

    def __init__(self) -> None:
        self.wallet = 0.0
        self.positions: dict[str, float] = {}
        self.orders: dict[str, OpenOrder] = {}
        self.liquidations = 0  # of its positions, since this view exists
        self.margin_calls = 0

    async def load(self, rest: Rest) -> None:
        """Ask for the whole state: at the start and after every reconnect."""
        account = await rest.futures_account()
        orders = await rest.signed("GET", "/fapi/v1/openOrders")
        self.wallet = sum(float(asset["walletBalance"]) for asset in account["assets"])
        self.positions = {row["symbol"]: float(row["positionAmt"]) for row in account["positions"]}
        self.orders = {
            row["clientOrderId"]: OpenOrder(
                row["clientOrderId"],
                row["symbol"],
                row["side"],
                float(row["price"]),
                float(row["origQty"]),
                float(row["executedQty"]),
            )
            for row in orders
        }

    def apply(self, event: dict[str, Any]) -> None:
        """Take in one event of the user stream; those that change nothing here pass by."""
        match event.get("e"):
            case "ACCOUNT_UPDATE":
                self.wallet = next((float(row["wb"]) for row in event["a"]["B"]), self.wallet)
                self.positions |= {row["s"]: float(row["pa"]) for row in event["a"]["P"]}
            case "ORDER_TRADE_UPDATE":
                self._order(event["o"])
            case "MARGIN_CALL":
                self.margin_calls += 1
            case _:
                pass

    def position(self, symbol: str) -> float:
        """Return the position in a contract, + long, - short."""
        return self.positions.get(symbol, 0.0)

    def _order(self, row: dict[str, Any]) -> None:
        client_order_id = row["c"]
        if row["X"] in OPEN_STATUSES:
            self.orders[client_order_id] = OpenOrder(
                client_order_id, row["s"], row["S"], float(row["p"]), float(row["q"]), float(row["z"])
            )
        else:
            self.orders.pop(client_order_id, None)
            self.liquidations += client_order_id.startswith(LIQUIDATION_PREFIX)
