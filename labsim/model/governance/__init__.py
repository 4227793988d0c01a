"""What is imposed on labs from outside. To add a rule, copy one: a docstring that a minister could
read, then its source; its parameters; one `act`; its name in `RULES`.

`act(rule, lab, race, key)` runs each week for each lab while the rule is in force: its base `Dated` says
from which week until which, by default never, or at what public concern, and where. It may only tighten
the lab's orders, which are cleared each week, with max or min, or add to the time they cost: two rules
cannot overwrite each other. Its first argument has the rule's parameters, and nothing else of the class: in
Mesa a plain namespace, in the ensemble a slice of the parameter row. It may be called `self`.
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
from labsim.model.orders import Dated, concern_trigger, date, lever, place

__all__ = ["RULES", "Dated", "concern_trigger", "date", "lever", "place"]

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
