"""What is imposed on labs from outside. To add a rule, copy one: a docstring that a minister could
read, then its source; its parameters; one `act`; its name in `RULES`.

`act(rule, lab, race, key)` runs each week for each lab while the rule is in force: from week
`start` until `stop`, by default never, or while public concern is at least its `trigger`; and only
for labs `where` it holds. It may only tighten the lab's orders, which are cleared each week, with
max or min, or add to the time they cost: two rules cannot overwrite each other. In Mesa `rule` is
the dataclass, in the ensemble its slice of the parameter row.
"""

from labsim.model.governance.compute import (
    CommonPause,
    ComputeGate,
    ComputePermits,
    ComputeThreshold,
    KillSwitch,
    RateLimit,
)  # fmt: skip
from labsim.model.governance.incentives import IncidentReporting, Liability, ResearchSubsidy, TransparencyIndex, Treaty
from labsim.model.governance.oversight import (
    DeceptionMonitoring,
    HumanMandate,
    Licensing,
    MandatoryEvaluation,
    SurpriseReporting,
    WhistleBlowing,
)  # fmt: skip
from labsim.model.orders import concern_trigger, date, lever, place

__all__ = ["RULES", "concern_trigger", "date", "lever", "place"]

RULES: dict[str, type] = {
    "human_mandate": HumanMandate,
    "rate_limit": RateLimit,
    "common_pause": CommonPause,
    "mandatory_evaluation": MandatoryEvaluation,
    "licensing": Licensing,
    "surprise_reporting": SurpriseReporting,
    "deception_monitoring": DeceptionMonitoring,
    "whistle_blowing": WhistleBlowing,
    "compute_threshold": ComputeThreshold,
    "compute_gate": ComputeGate,
    "compute_permits": ComputePermits,
    "kill_switch": KillSwitch,
    "liability": Liability,
    "transparency_index": TransparencyIndex,
    "incident_reporting": IncidentReporting,
    "research_subsidy": ResearchSubsidy,
    "treaty": Treaty,
}
