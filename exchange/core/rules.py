"""Rules of the venue as a whole: one frozen record, written into the header of the journal. It decides nothing."""

import msgspec

from exchange.core.policies.presets import EngineRules
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, RateE8


class VenueRules(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What holds for all contracts. `fund_seed`: the equity of the backstop, account 0, as the venue begins."""

    fund_seed: Atoms = Atoms(1_000_000 * ATOMS_PER_QUOTE)
    margin_call_ratio: RateE8 = RateE8(80_000_000)  # maintenance margin / equity at which a call is sent
    margin_call_rearm: RateE8 = RateE8(70_000_000)  # below it the next call is armed again
    engine: EngineRules = EngineRules()
    max_accounts: int = 10_000
    max_amendments: int = 10_000
    max_conditionals: int = 200  # conditional orders of an account that wait, in all contracts
    firings_per_command: int = 100  # conditional orders that one command may trigger; the rest go on a little later
