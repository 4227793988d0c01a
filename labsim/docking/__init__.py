"""Published models as limiting cases: each is run through the project's own rules and compared."""

from labsim.docking.agreement import Dock, Docking, Estimate, make, options, run
from labsim.docking.fixed_rates import BestOfN, EqualRates, TwoProcess

DOCKS: dict[str, type[Dock]] = {dock.name: dock for dock in (TwoProcess, EqualRates, BestOfN)}

__all__ = ["DOCKS", "Dock", "Docking", "Estimate", "make", "options", "run"]
