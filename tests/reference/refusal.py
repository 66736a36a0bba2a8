"""How a rule of the reference venue says no: an exception, raised before anything changed. No rules."""

from exchange.core.enums import RejectReason


class RefusedError(Exception):
    """A command is refused: why, and the limit that was crossed (0: none)."""

    def __init__(self, reason: RejectReason, detail: int = 0) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.detail = detail


def demand(holds: bool, reason: RejectReason, detail: int = 0) -> None:
    """Refuse unless a condition holds."""
    if not holds:
        raise RefusedError(reason, detail)
