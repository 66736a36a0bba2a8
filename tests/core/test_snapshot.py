"""The state as one hash: equal for equal states, different for any difference, and never too small for the money."""

from exchange.core.commands import CreateAccount, Deposit, Resume
from exchange.core.rules import VenueRules
from exchange.core.snapshot import state_hash
from exchange.core.units import MONEY_MAX
from exchange.core.venue import Venue


def rich_venue(deposits: int) -> Venue:
    """Return a venue with one account that was given the largest deposit so many times."""
    venue = Venue(VenueRules(), [])
    venue.execute(1, Resume())
    venue.execute(1, CreateAccount("trader"))
    for _ in range(deposits):
        venue.execute(1, Deposit(1, MONEY_MAX))
    return venue


def test_a_state_beyond_64_bits_has_a_hash() -> None:
    """Three hundred of the largest deposits exceed 63 bits of atoms; the hash still tells one more from one less."""
    assert rich_venue(300).state.net_deposits > 2**64
    assert state_hash(rich_venue(300).state) == state_hash(rich_venue(300).state)
    assert state_hash(rich_venue(300).state) != state_hash(rich_venue(301).state)
