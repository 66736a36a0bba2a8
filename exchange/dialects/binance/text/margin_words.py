"""What the dialect calls a margin type: in capitals where it is chosen, in small letters where a position shows it."""

from collections.abc import Mapping
from typing import NamedTuple

from exchange.core.enums import MarginType


class MarginWords(NamedTuple):
    """The two spellings of one margin type."""

    chosen: str  # POST marginType, symbolConfig, MARGIN_CALL
    shown: str  # v2 positionRisk, ACCOUNT_UPDATE


MARGIN_WORDS: Mapping[MarginType, MarginWords] = {
    MarginType.CROSS: MarginWords("CROSSED", "cross"),
    MarginType.ISOLATED: MarginWords("ISOLATED", "isolated"),
}
