"""Published models as limiting cases: each is run through the project's own rules and compared."""

from labsim.docking.agreement import Dock, Docking, Estimate, make, options, run
from labsim.docking.contest import Decisiveness
from labsim.docking.dsair import Dsair
from labsim.docking.enforcement import InspectionGame, Permits
from labsim.docking.explosion import SoftwareExplosion
from labsim.docking.fixed_rates import BestOfN, EqualRates, TwoProcess
from labsim.docking.horizons import TimeHorizons
from labsim.docking.networks import Networks
from labsim.docking.precipice import MoreTeams, Precipice
from labsim.docking.takeoff import TakeoffMonteCarlo

DOCKS: dict[str, type[Dock]] = {
    dock.name: dock
    for dock in (
        Precipice, MoreTeams, Decisiveness, Dsair, Networks, SoftwareExplosion, TakeoffMonteCarlo, InspectionGame,
        Permits, TimeHorizons, TwoProcess, EqualRates, BestOfN,
    )
}  # fmt: skip

__all__ = ["DOCKS", "Dock", "Docking", "Estimate", "make", "options", "run"]
