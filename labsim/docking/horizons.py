"""METR's time horizons: the table's fit, and the frontier of one lab that keeps its human."""

import datetime
from dataclasses import dataclass

from labsim.checks.calibrate import (
    QUANTILES,
    SINCE,
    WEEKS_ALONE,
    doubling_days_single_lab,
    time_horizon_fit,
    time_horizons,
)
from labsim.docking.agreement import Dock, Estimate, Watch
from labsim.engines.ensemble import Stop
from labsim.model.declaration import parameter
from labsim.model.sources import METR
from labsim.scenario.checked import ScenarioError

OPENING = SINCE["since_2023"]


@dataclass(frozen=True)
class TimeHorizons(Dock):
    """The days in which the longest task that AI can do alone doubles."""

    quantile: str = parameter("p50", "success rate of the horizon", options=QUANTILES, source=METR)
    since: str = parameter(OPENING.isoformat(), "first release that counts, YYYY-MM-DD, or all", source=METR)

    name = "time-horizons"
    source = "METR Time Horizon 1.1 (2026); Kwa et al. (2025)"
    seen = "seen: METR prints 187.778 days for all and 128.744 since 2023; other fits are of the same table"
    forms = (
        "One lab that may not remove the human, machine and review of constant and equal length, no grip lost, no "
        "market, no finish; growth between weeks 8 and 208. Each of the two parts takes 1.85 weeks, as calibrated to "
        "the 50 % horizon since 2023, or longer in proportion to the doubling time of the fit that is asked for."
    )
    caveat = (
        "The length of a cycle is calibrated to the table, so what is tested is that growth out of selection comes "
        "out as the breeder's equation says and is a straight line in logs; not that labs had to grow at this pace."
    )
    replications = 1000
    along = ("since", ("all", "2023-01-01", "2024-01-01"))

    @property
    def first(self) -> datetime.date | None:
        """The date, none for all. Raises ScenarioError."""
        if self.since == "all":
            return None
        try:
            return datetime.datetime.strptime(self.since, "%Y-%m-%d").date()
        except ValueError:
            raise ScenarioError(f"--since = {self.since}: must be a date, YYYY-MM-DD, or all") from None

    def check(self) -> None:
        first, releases = self.first, [row["release"] for row in time_horizons()]
        try:
            days = time_horizon_fit(self.quantile, first)["doubling_days"]
        except ValueError as fault:
            raise ScenarioError(f"--{fault}; the table is from {min(releases)} to {max(releases)}") from None
        if days is None:
            raise ScenarioError(f"--since = {self.since}: horizons do not grow from then on; must be earlier")

    def days(self) -> float:
        """The table's doubling time."""
        return time_horizon_fit(self.quantile, self.first)["doubling_days"]

    def simulate(self, replications: int, seed: int, stop: Stop, watch: Watch) -> dict[str, Estimate | None]:
        weeks = WEEKS_ALONE * self.days() / time_horizon_fit("p50", OPENING)["doubling_days"]
        result = doubling_days_single_lab(max(2, replications), seed, weeks)["doubling_days"]
        return {"doubling_days": Estimate(result["mean"], result["se"])}

    def references(self) -> dict[str, float | None]:
        return {"doubling_days": self.days()}
