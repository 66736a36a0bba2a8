"""Who is banned, and until when: those who go on asking after they were told that it is too much. It reads no clock."""

from dataclasses import dataclass

from exchange.dialects.binance.door.windows import CALLERS_MAX, WindowCounter

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
BAN_MS = (2 * MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS)  # by the count of offences
REFUSALS_MAX = 10  # answers 429 that an address may draw in a minute; the next one is its ban
FORGIVEN_AFTER_MS = 3 * DAY_MS  # so long after its last ban an address begins anew


@dataclass(slots=True)
class _Offender:
    offences: int = 0
    until_ms: int = 0


class Bans:
    """The bans of one venue. Times are milliseconds; addresses are whatever text the caller has for them."""

    __slots__ = ("_ban_ms", "_offenders", "_refusals")

    def __init__(self, ban_ms: tuple[int, ...]) -> None:
        """Ban nobody yet; `ban_ms`: how long, by the count of offences; the last for all further ones, none: never."""
        self._ban_ms = ban_ms
        self._offenders: dict[str, _Offender] = {}
        self._refusals = WindowCounter(REFUSALS_MAX, MINUTE_MS)

    def until_ms(self, address: str, now_ms: int) -> int:
        """Return when the ban of an address ends, 0 when it has none."""
        offender = self._offenders.get(address)
        return offender.until_ms if offender and now_ms < offender.until_ms else 0

    def note_refusal(self, address: str, now_ms: int) -> None:
        """Count a request that was refused with 429; beyond REFUSALS_MAX in a minute its address is banned.

        Not so of an address that is banned already: whoever retries meanwhile is not banned for longer.
        """
        if not self._ban_ms or self.until_ms(address, now_ms):
            return
        if self._refusals.fits(address, 1, now_ms):
            self._refusals.add(address, 1, now_ms)
        else:
            self._ban(address, now_ms)

    def _ban(self, address: str, now_ms: int) -> None:
        """Ban an address for longer than the last time. Beyond CALLERS_MAX offenders new ones are only refused."""
        self._forgive(now_ms)
        if address not in self._offenders and len(self._offenders) >= CALLERS_MAX:
            return
        offender = self._offenders.setdefault(address, _Offender())
        offender.until_ms = now_ms + self._ban_ms[min(offender.offences, len(self._ban_ms) - 1)]
        offender.offences += 1

    def _forgive(self, now_ms: int) -> None:
        """Forget who has kept quiet for long."""
        for address, offender in list(self._offenders.items()):
            if now_ms - offender.until_ms >= FORGIVEN_AFTER_MS:
                del self._offenders[address]
