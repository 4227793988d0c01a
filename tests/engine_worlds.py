"""Worlds in which the engines must agree: every shipped scenario, and every mechanism in force somewhere."""

from labsim.scenario.checked import FAMILIES, EvaluatorSpec, LabSpec
from labsim.scenario.files import load, shipped_scenarios
from labsim.scenario.presets import presets
from labsim.scenario.scenario import Scenario

RULES_IN_FORCE = {
    "governance.human_mandate.start": 0, "governance.rate_limit.start": 12, "governance.rate_limit.stop": 60,
    "governance.common_pause.start": 20, "governance.mandatory_evaluation.start": 5,
}  # fmt: skip
CHANGES = {
    "rules": RULES_IN_FORCE | {"race.information": "noisy", "evaluators.response": "pause"},
    "retrain": {"evaluators.response": "retrain", "race.information": "capability_secret"},
    "repair": {"evaluators.response": "repair", "race.information": "secret", "evaluators.access": 0.5},
    "roll back": {"evaluators.response": "roll_back", "race.safety_information": "public"},
    "returns": {"cycle.returns": 1.5, "cycle.learning": 0.01, "cycle.veto": 0.0, "cycle.curation": 0.5,
                "competition.network": "ring", "competition.ideas": 0.05},
    "fixed rates": {"cycle.form": "fixed", "cycle.rate_noise": 0.05, "race.finish_form": "none", "race.weeks": 90,
                    "cycle.regression": 0.2, "safeguards.inter_cycle_audit.start": 20},
    "most after cycles": {"race.finish_form": "most_after_cycles", "harm.finish_form": "unreviewed_share",
                          "race.start_form": "uniform", "race.labs": 3},
    "first after cycles": {"race.finish_form": "first_after_cycles", "race.finish_cycles": 15, "cycle.able": 0.001,
                           "competition.benefit": 0.01, "competition.found_out": 0.2, "harm.setback": 0.4,
                           "decision.oversight_cost": 0.001, "cycle.compute_exponent": 0.0},
    "contest": {"race.finish_form": "contest_after_cycles", "race.finish_cycles": 3, "race.contest": 2.0,
                "harm.finish_form": "unreviewed_share", "cycle.form": "fixed", "cycle.drag": 0.5},
    "falling returns": {"cycle.returns": 1.4, "cycle.returns_end": 9.0, "cycle.form": "fixed"},
    "scarce compute": {"cycle.returns_form": "ces", "cycle.substitution": -0.4},
    "one lab": {"race.labs": 1},
    "many labs": {"race.labs": 9, "competition.network": "scale_free", "race.weeks": 60},
    "first move": {"decision.first_move": "remove", "race.labs": 4},
    "short": {"race.weeks": 1, "race.start_form": "equal", "race.spread": 0.0},
    "no candidates to choose": {"cycle.candidates": 1, "cycle.weight": 0.0, "cycle.sigma_capability": 0.0},
    "events": {"events.automated_intern.start": 5, "events.automated_researcher.start": 30, "events.leak.start": 20,
               "events.public_warning.start": 9, "events.discontinuity.start": 0, "race.information": "noisy",
               "events.information_shock.start": 15, "events.information_shock.stop": 40,
               "events.information_shock.information": "capability_secret", "governance.rate_limit.trigger": 0.5},
    "audits": {"cycle.erosion": 0.02, "cycle.regression": 0.3, "safeguards.inter_cycle_audit.start": 10,
               "safeguards.regression_detection.start": 20, "safeguards.regression_detection.stop": 90},
    "human audits": {"cycle.regression": 0.1, "safeguards.inter_cycle_audit.start": 0,
                     "safeguards.inter_cycle_audit.auditor": "human", "evaluators.response": "pause"},
    "evaluators that err": {"evaluators.miss": 0.2, "evaluators.false_alarm": 0.2, "evaluators.capture": 0.1,
                            "evaluators.familiarity": 0.05, "evaluators.shopping": 0.5, "evaluators.capacity": 3,
                            "evaluators.publication": "public", "evaluators.response": "retrain",
                            "evaluators.number": 4, "evaluators.access": 0.3, "evaluators.internals": 0.5,
                            "evaluators.recognition": 0.2, "evaluators.outgrown": 0.3},
}  # fmt: skip


def policies() -> dict[str, Scenario]:
    """Every rule in force with its defaults, and the ways to get around them."""
    starts = {
        family: {f"{family}.{n}.start": 3 + 2 * k for k, n in enumerate(names)} for family, names in FAMILIES.items()
    }
    spec = {"gap": 3.0, "exposure": 0.8, "cycle_gain": 0.5, "evaluator_age": 12.0, "blind_share": 0.8, "findings": 1.5}
    around = {
        "governance.compute_permits.start": 0,
        "decision.evasion": 0.5,
        "governance.treaty.start": 0,
        "governance.treaty.quorum": 0.5,
        "governance.treaty.notice": 8.0,
        "governance.treaty.release": "no",
        "governance.human_mandate.start": 0,
        "governance.human_mandate.where": "home",
        "decision.moving_cost": 0.01,
        "governance.human_mandate.fine": 0.5,
        "governance.rate_limit.start": 30,
        "governance.rate_limit.where": "abroad",
        "governance.compute_threshold.start": 10,
        "decision.splitting": 3.0,
        "governance.liability.start": 0,
        "governance.whistle_blowing.start": 0,
    }
    labs = tuple(
        LabSpec(f"{n}", s, {"decision.signs": n % 2, "decision.home": ("home", "abroad")[n % 2]})
        for n, s in enumerate(("calculator", "herald", "closer", "calculator", "mirror"))
    )
    return {
        "all governance": Scenario("g").with_(starts["governance"] | {"evaluators.access": 0.5}),
        "all safeguards": Scenario("s").with_(starts["safeguards"] | {"cycle.erosion": 0.05}),
        "pause spec": Scenario("p").with_(
            {"safeguards.pause_spec.start": 5} | {f"safeguards.pause_spec.{n}": v for n, v in spec.items()}
        ),
        "ways around": Scenario("w", labs=labs).with_(around),
    }  # fmt: skip


def kinds() -> Scenario:
    """Every kind of evaluator and every belief, auditors and dates of safeguards that differ from lab to lab."""
    labs = tuple(
        LabSpec(name, "calculator", dict(preset.values) | {
            "cycle.regression": 0.1 * place, "safeguards.regression_detection.start": 10 * place,
            "safeguards.inter_cycle_audit.start": 5 * place,
            "safeguards.inter_cycle_audit.auditor": ("nobody", "self", "peer", "external")[place],
        })
        for place, (name, preset) in enumerate(presets("beliefs").items())
    )  # fmt: skip
    evaluators = tuple(EvaluatorSpec(name, dict(preset.values)) for name, preset in presets("evaluators").items())
    world = Scenario("kinds", labs=labs, evaluators=evaluators)
    return world.with_({"evaluators.response": "repair", "evaluators.shopping": 0.3})


def mixed() -> Scenario:
    """Every shipped strategy in one race, labs that differ in parameters, a player who has closed."""
    labs = (
        LabSpec("a", "calculator", {"cycle.head_start": 0.5, "decision.own_harm": 0.2}),
        LabSpec("b", "keeper", {"cycle.review": 1.0}),
        LabSpec("c", "closer", {"cycle.able": 0.5}),
        LabSpec("d", "mirror", {"faking.initial": 0.4}),
        LabSpec("e", "player", {"decision.choice": 0.0}),
        LabSpec("f", "player", {"decision.choice": 0.5}),
    )
    return Scenario("mixed", labs=labs).with_(RULES_IN_FORCE)


def zoo() -> Scenario:
    """Strategies that look at each other, learn and follow, with one that closes early to set them off."""
    kinds = ("closer", "forgiving_mirror", "grudger", "conditional_safe", "threshold", "fast_follower", "sceptic",
             "herald", "imitator", "explorer", "scripted", "calculator")  # fmt: skip
    labs = tuple(LabSpec(kind, kind, {"decision.close_week": 20, "decision.reopen_week": 40}) for kind in kinds)
    return Scenario("zoo", labs=labs).with_({"race.information": "noisy", "governance.human_mandate.start": 10})


def worlds() -> dict[str, Scenario]:
    """All of them by name."""
    shipped = {name: load(name) for name in shipped_scenarios()}
    return (
        shipped
        | {name: Scenario(name).with_(change) for name, change in CHANGES.items()}
        | policies()
        | {"mixed": mixed(), "zoo": zoo(), "kinds": kinds()}
    )
