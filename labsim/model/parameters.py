"""Every number you can change: default, unit, range and source, declared once.

Sliders, scenario checks, sweep ranges, layouts of the fast engine, help texts and the printed model description
are derived from these declarations. A path such as `cycle.review` names one of them everywhere: in
scenario files, in --set, in studies, in links.

The groups `cycle`, `faking` and `decision` belong to the lab (each lab may have its own values),
most of `evaluators` to each evaluator; the others belong to the race. Safeguards, governance rules
and events declare their parameters beside their text, in the same way. How one is declared stands in
`declaration.py`; at the end of this file stands what follows from these numbers, and a row of them as rules read it.
"""

from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

from labsim.model.declaration import Display, Topic, choice, declarations, parameter
from labsim.model.draws import log
from labsim.model.sources import (
    ASSUMPTION,
    BOLTON,
    DAVIDSON,
    DEFINITION,
    DUFLO,
    EPOCH,
    EPOCH_MODELS,
    FORM,
    GREENBLATT,
    HAN,
    LESSON,
    METR,
    NEEDHAM,
    NEUTRAL,
    NOTES,
    OFF,
    STIGLER,
    Evidence,
    Source,
)  # fmt: skip

CALIBRATED = Source(Evidence.CALIBRATED, "calibrated: labsim calibrate cycle")
FRONTIER = Source(Evidence.CALIBRATED, f"calibrated to {METR.text}: labsim calibrate frontier", METR.url)
CES = FORM.see(DAVIDSON)
INFORMATION = choice("public", "noisy", "capability_secret", "secret")
SAFETY_INFORMATION = choice("secret", "public")
START_FORM = choice("normal", "uniform", "equal")
FINISH = choice("first_over_line", "most_after_cycles", "none", "first_after_cycles", "contest_after_cycles")
CYCLE_FORM = choice("best_of_n", "fixed")
RETURNS_FORM = choice("power", "ces")
JURISDICTION = choice("home", "abroad")
FIRST_MOVE = choice("own", "keep", "remove")
NETWORK = choice("complete", "ring", "star", "random", "small_world", "scale_free")
HARM_FORM = choice("exposure", "unreviewed_share")
PUBLICATION = choice("private", "public")
AUDITOR = choice("nobody", "self", "peer", "external", "human")  # the stricter the later, as orders add up
RESPONSE = choice("nothing", "retrain", "repair", "roll_back", "pause")


@dataclass(frozen=True)
class RaceSetting:
    """The race as a whole: how long, how many, who sees what."""

    weeks: int = parameter(520, "horizon: a race that is not finished ends here", unit="weeks", label="horizon",
                           low=1, high=1_000_000, whole=True, source=DEFINITION.see("ten years"),
                           kind="constant")  # fmt: skip
    labs: int = parameter(5, "number of labs, when no [[lab]] list is given", low=1, high=40, whole=True,
                          label="number of labs",
                          source="METR's board lists labs from 7 developers; five lead")  # fmt: skip
    information: str = parameter("public", "what labs see of each other's capability and oversight", kind="lever",
                                 options=INFORMATION)  # fmt: skip
    information_noise: float = parameter(0.3, "error in a rival's log capability, if information is noisy", unit="log",
                                         low=0, high=2)  # fmt: skip
    safety_information: str = parameter("secret", "whether labs see each other's measured exposure", kind="lever",
                                        options=SAFETY_INFORMATION)  # fmt: skip
    stated_oversight: float = parameter(0.5, "oversight a lab supposes of a rival it cannot see", low=0, high=1)
    start_form: str = parameter("normal", "how capability is spread over labs at the start", kind="constant",
                                options=START_FORM, source=FORM)  # fmt: skip
    spread: float = parameter(0.3, "spread of log capability at the start", unit="log", low=0, high=2)
    finish_form: str = parameter("first_over_line", "what ends a race", kind="constant", source=FORM,
                                 options=FINISH)  # fmt: skip
    finish_cycles: int = parameter(10, "cycles after which the forms that count cycles end the race", unit="cycles",
                                   low=1, high=1_000_000, whole=True, kind="constant", source=FORM)  # fmt: skip
    contest: float = parameter(4.0, "chances to win go as C to this power, if the finish is a contest", low=0,
                               high=1e4, kind="constant", source=FORM,
                               phrase="chances to win go as C to the power of {}, "
                                      "if the finish is a contest")  # fmt: skip


@dataclass(frozen=True)
class Cycle:
    """A lab's cycle of recursive self-improvement: its time, its edits, its measurements."""

    form: str = parameter("best_of_n", "how a completed cycle improves the system", kind="constant",
                          options=CYCLE_FORM, source=FORM)  # fmt: skip
    machine: float = parameter(3.5, "machine part of a cycle at C = 1", unit="weeks", low=0, high=52,
                               source=FRONTIER, likely=(2.5, 5))  # fmt: skip
    review: float = parameter(2.0, "time a full human review adds to a cycle", unit="weeks", low=0, high=52,
                              source=FRONTIER, likely=(0, 6))  # fmt: skip
    minimum: float = parameter(0.001, "shortest possible cycle", unit="weeks", low=0.001, high=52, kind="constant",
                               source=DEFINITION.see("numerical floor"))  # fmt: skip
    machine_falls: float = parameter(0.2, "machine part shrinks as C to minus this power", low=0, high=1,
                                     likely=(0, 0.3), display=Display.NUMBER,
                                     phrase="machine part shrinks as C to the power of -{}")  # fmt: skip
    compute_exponent: float = parameter(0.5, "machine part shrinks as compute share to minus this power", low=0,
                                        high=2, likely=(0, 1),
                                        phrase="machine part shrinks as compute share to the power of -{}")  # fmt: skip
    able: float = parameter(2.0, "capability from which a lab can remove the human", unit="C", low=0.001, high=1e6,
                            source=NOTES.says("automated research intern, September 2026"), likely=(1, 10))  # fmt: skip
    head_start: float = parameter(0.0, "log capability at the start, before the spread", unit="log", low=-20, high=20,
                                  likely=(-0.5, 0.5))  # fmt: skip
    candidates: int = parameter(8, "candidate edits tried in a cycle", low=1, high=1000, whole=True, likely=(2, 32))
    tau_capability: float = parameter(0.135, "spread of true effects of edits on capability", unit="log", low=0, high=2,
                                      source=CALIBRATED)  # fmt: skip
    tau_alignment: float = parameter(0.116, "spread of true effects of edits on alignment", unit="log", low=0, high=2,
                                     source=CALIBRATED)  # fmt: skip
    correlation: float = parameter(-0.2, "correlation of the two effects of an edit: the alignment tax", low=-0.99,
                                   high=0.99, likely=(-0.5, 0),
                                   label="correlation of the two effects of an edit")  # fmt: skip
    sigma_capability: float = parameter(0.02, "error of a capability measurement (a sharp target)", unit="log", low=0,
                                        high=2, label="error of a capability measurement")  # fmt: skip
    sigma_alignment: float = parameter(0.135, "error of the lab's own alignment measurement (fuzzy)", unit="log",
                                       low=0.001, high=5, source=CALIBRATED,
                                       label="error of the lab's own alignment measurement")  # fmt: skip
    sigma_human: float = parameter(0.05, "error of a human's alignment reading at C = 1", unit="log", low=0.001, high=5)
    grip: float = parameter(0.1, "a human's error grows as C to this power", low=0, high=1, likely=(0, 0.3),
                            display=Display.NUMBER, phrase="a human's error grows as C to the power of {}")  # fmt: skip
    weight: float = parameter(0.5, "weight of alignment in the score that picks the edit", low=0, high=1,
                              likely=(0.3, 0.7), display=Display.NUMBER)  # fmt: skip
    veto: float = parameter(-10.0, "a human drops an edit measured below {}; -10 never", unit="log", low=-10, high=1,
                            source=OFF, kind="lever", never=-10.0,
                            label="a human drops an edit measured below {}")  # fmt: skip
    curation: float = parameter(0.0, "share of a lab's lead that its human keeps out of publications", low=0, high=1,
                                source=OFF, kind="lever")  # fmt: skip
    learning: float = parameter(0.0, "an accepted edit multiplies the next gains by 1 + {}", low=0, high=0.5,
                                source=OFF, display=Display.NUMBER)  # fmt: skip
    returns: float = parameter(1.0, "returns to research r: doublings per doubling of effort", low=0.1, high=10,
                               label="returns to research r",
                               source=NEUTRAL.see(DAVIDSON.says("1.2 (0.4 to 3.6)")),
                               likely=(0.4, 3.6))  # fmt: skip
    parallel: float = parameter(0.3, "parallelisability p of research", low=0, high=1, display=Display.NUMBER,
                                source=DAVIDSON.says("0.3 (0.15 to 0.6)"), likely=(0.15, 0.6))  # fmt: skip
    returns_end: float = parameter(0.0, "log capability at which returns to research have evenly fallen to nothing; "
                                   "0: they do not fall", unit="log", low=0, high=600, never=0.0,
                                   label="log capability at which returns to research have evenly fallen to nothing",
                                   source=OFF.see(DAVIDSON.says("48 to 128 doublings")))  # fmt: skip
    returns_form: str = parameter("power", "what returns to research depend on", kind="constant", source=FORM,
                                  options=RETURNS_FORM)  # fmt: skip
    labour: float = parameter(0.5, "weight of research labour against compute, if returns are ces", low=0, high=1,
                              kind="constant", source=CES, display=Display.NUMBER)  # fmt: skip
    substitution: float = parameter(-0.2, "exponent rho of that function: elasticity 1 / (1 - rho)", low=-50, high=1,
                                    kind="constant", source=CES, label="exponent rho of that function")  # fmt: skip
    crowding: float = parameter(0.6, "exponent lambda of research inputs: below 1 researchers duplicate work", low=0,
                                high=5, kind="constant", source=CES,
                                label="exponent lambda of research inputs")  # fmt: skip
    harder: float = parameter(0.25, "exponent beta: ideas get harder to find as C to this power", low=0, high=5,
                              kind="constant", source=CES, label="exponent beta")  # fmt: skip
    research: float = parameter(0.005, "alignment research by the calendar, paused or not", unit="log a week",
                                low=0, high=0.1, kind="lever", likely=(0, 0.01))  # fmt: skip
    flop: float = parameter(2e26, "an average lab's largest training run in week 0", unit="FLOP", low=1e20, high=1e40,
                            source=ASSUMPTION.see(EPOCH_MODELS),
                            likely=(2e26, 5e26))  # fmt: skip
    flop_growth: float = parameter(4.5, "factor by which such runs grow", unit="a year", low=1, high=20,
                                   source=EPOCH.says("4 to 5 times a year"), likely=(4, 5))  # fmt: skip
    pause_gain: float = parameter(0.0208, "alignment gained in a paused week of full review", unit="log a week",
                                  low=0, high=0.2, likely=(0.005, 0.04),
                                  source=ASSUMPTION.see(LESSON, "ln 1.08 over a cycle of 3.7 weeks"))  # fmt: skip
    erosion: float = parameter(0.0, "anchor integrity lost in an unreviewed cycle", low=0, high=1,
                               source=OFF.see(LESSON, "open problem"))  # fmt: skip
    reanchor: float = parameter(0.2, "share of lost anchor integrity that a reviewed cycle restores", low=0, high=1)
    regression: float = parameter(0.0, "chance that an edit brings a regression that its tests do not show", low=0,
                                  high=1, source=OFF.see(LESSON, "open problem"))  # fmt: skip
    regression_size: float = parameter(0.2, "alignment lost in a hidden regression", unit="log", low=0, high=5)
    surge: float = parameter(1.0, "a regression needs a capability gain of so many times the usual", low=0, high=10,
                             source=ASSUMPTION.see("drop after surge: ICLR 2026 workshop on RSI"))  # fmt: skip
    regression_review: float = parameter(0.5, "chance that a human's review notices a hidden regression", low=0, high=1)
    rate_capability: float = parameter(1.15, "capability factor a cycle, if the form is fixed", low=0.5, high=3,
                                       source=LESSON.says("exercise 1"), kind="constant")  # fmt: skip
    rate_alignment: float = parameter(1.08, "alignment factor a cycle, if the form is fixed", low=0.5, high=3,
                                      source=LESSON.says("exercise 1"), kind="constant")  # fmt: skip
    drag: float = parameter(0.0, "log capability that a human costs in a cycle, if the form is fixed", unit="log",
                            low=0, high=5, kind="constant", source=FORM)  # fmt: skip
    rate_noise: float = parameter(0.0, "standard deviation of both factors, if the form is fixed", low=0, high=1,
                                  display=Display.NUMBER, source=LESSON.says("exercise 2"),
                                  kind="constant")  # fmt: skip


@dataclass(frozen=True)
class Faking:
    """Alignment faking: how much of a system's good behaviour is for the exam."""

    initial: float = parameter(0.12, "share of alignment that is faked under observation, at the start", low=0.001,
                               high=0.78, source=GREENBLATT.says("12 % of free-tier scratchpads"),
                               likely=(0.001, 0.4))  # fmt: skip
    half_life: float = parameter(10.0, "unreviewed cycles in which an evaluation loses half its sight", unit="cycles",
                                 low=1, high=1000, source=LESSON.says("still measured at n+10?"),
                                 likely=(5, 40))  # fmt: skip
    ceiling: float = parameter(0.78, "faking cannot rise above {}", low=0.01, high=0.99, kind="constant",
                               source=GREENBLATT.says("78 % after training"))  # fmt: skip
    step: float = parameter(3.258 / 3, "log-odds by which one retraining raises faking", low=0, high=5,
                            source=ASSUMPTION.see(GREENBLATT, "three attempts from 12 % to 78 %"))  # fmt: skip


@dataclass(frozen=True)
class Decision:
    """What a lab wants and believes when it decides whether a human stays in its loop."""

    own_harm: float = parameter(
        1.0, "what ruin costs the lab beyond the lost prize", unit="prizes", low=0, high=100, likely=(0, 8)
    )
    discount: float = parameter(0.10, "discount rate", unit="a year", low=0, high=2, likely=(0, 0.3),
                                display=Display.PERCENT)  # fmt: skip
    decisiveness: float = parameter(4.0, "how surely the sooner lab wins (contest exponent k)", low=0.1, high=64,
                                    likely=(1, 16), label="how surely the sooner lab wins")  # fmt: skip
    foresight: float = parameter(1.0, "1 knows what removal does to alignment, 0 believes its own exam", low=0, high=1,
                                 likely=(0, 1), display=Display.NUMBER)  # fmt: skip
    caution: float = parameter(1.0, "believed hazard as a multiple of the true one", low=0, high=10, likely=(0, 2))
    switch_cost: float = parameter(
        0.1, "cost of changing from keep to remove or back", unit="prizes", low=0, high=10, likely=(0, 0.2)
    )
    taste: float = parameter(
        0.05, "scale of a lab's fixed leaning for or against removal", unit="prizes", low=0, high=5, likely=(0.01, 0.1)
    )
    patience: int = parameter(2, "closures of the leader that a forgiving mirror lets pass, less one", unit="cycles",
                              low=1, high=100, whole=True, source="Axelrod 1984: tit for two tats")  # fmt: skip
    tripwire: float = parameter(0.7, "measured exposure at which strategy threshold wants the human back", unit="log",
                                low=0, high=20, source=LESSON.says("the line of common_pause"))  # fmt: skip
    behind: float = parameter(0.2, "lag behind the leader at which a fast follower removes", unit="log", low=0, high=10)
    intensity: float = parameter(4.0, "intensity of selection of an imitator (Fermi)", low=0, high=100,
                                 label="intensity of selection of an imitator")  # fmt: skip
    recency: float = parameter(0.1, "share of past experience an explorer forgets in a cycle", low=0, high=1,
                               source="Erev & Roth 1998: forgetting of 0.1")  # fmt: skip
    close_week: int = parameter(52, "week in which strategy scripted removes the human", unit="week", low=0,
                                high=1_000_000, whole=True, never=1_000_000)  # fmt: skip
    reopen_week: int = parameter(1_000_000, "week in which strategy scripted takes the human back", unit="week", low=0,
                                 high=1_000_000, whole=True, never=1_000_000)  # fmt: skip
    oversight_cost: float = parameter(0.0, "cost of a week with a human in the loop", unit="prizes", low=0, high=1e9,
                                      source=OFF.see(HAN))  # fmt: skip
    home: str = parameter("home", "jurisdiction it starts in", kind="lever", options=JURISDICTION)
    moving_cost: float = parameter(0.1, "cost of moving to the other jurisdiction", unit="prizes", low=0, high=100)
    signs: int = parameter(1, "1 if it joins a treaty that is offered", low=0, high=1, whole=True, kind="lever",
                           label="joins a treaty that is offered")  # fmt: skip
    splitting: float = parameter(1.0, "runs into which it splits its training to stay below a line", low=1, high=1000)
    evasion: float = parameter(0.0, "share of the compute beyond its permits that it uses in secret", low=0, high=1)
    first_move: str = parameter("own", "what it does the first time that it can run without a human, before its "
                                "strategy decides: one's own wish, keep or remove", kind="lever",
                                options=FIRST_MOVE,
                                label="what it does the first time that it can run without a human")  # fmt: skip
    choice: float = parameter(1.0, "oversight held by the strategy player", low=0, high=1, kind="lever",
                              source=Source(Evidence.USER, "the player's own"))  # fmt: skip


@dataclass(frozen=True)
class Competition:
    """What binds labs to each other: ideas, market, compute, the finish line."""

    finish: float = parameter(1000.0, "capability that ends the race", unit="C", low=1.01, high=1e200,
                              source=ASSUMPTION.see("about 4.5 work-years of horizon; "
                                                    "AI Futures' automated coder is 735"),
                              likely=(100, 10000))  # fmt: skip
    winner_share: float = parameter(0.8, "share of the prize that only the winner gets (enmity)", low=0, high=1,
                                    likely=(0, 1), label="share of the prize that only the winner gets",
                                    topic=Topic.PRESSURE)  # fmt: skip
    ideas: float = parameter(0.01, "share of the best visible lead that reaches a lab", unit="a week", low=0, high=1,
                             source=ASSUMPTION.see("Epoch: open weights lag by 3 to 4 months"))  # fmt: skip
    benefit: float = parameter(0.0, "benefit of a week, which labs share by pace", unit="prizes", low=0, high=1e9,
                               source=OFF.see(HAN))  # fmt: skip
    found_out: float = parameter(0.0, "chance that a lab without a human is found out in a week and gets none of it",
                                 low=0, high=1, source=OFF.see(HAN))  # fmt: skip
    network: str = parameter("complete", "who sees whose ideas: a graph drawn once per scenario",
                             label="who sees whose ideas", options=NETWORK)  # fmt: skip
    market_pull: float = parameter(0.5, "how far compute follows revenue", low=0, high=1)
    market_sensitivity: float = parameter(1.0, "how strongly revenue follows capability", low=0, high=10)
    compute_inertia: float = parameter(0.02, "share of the way that compute moves to its target", unit="a week", low=0,
                                       high=1)  # fmt: skip
    trust_loss: float = parameter(0.5, "trust lost in an incident", unit="log", low=0, high=10)
    trust_recovery: float = parameter(0.02, "share of lost trust that comes back", unit="a week", low=0, high=1)


@dataclass(frozen=True)
class Harm:
    """Hazard, and how a society would count harm and benefit."""

    rate: float = parameter(0.01, "catastrophes at exposure 1, in an industry of any size", unit="a year", low=0,
                            high=10, likely=(0.003, 0.03))  # fmt: skip
    after: float = parameter(1.0, "years of the winner's hazard that the world bears after the finish", unit="years",
                             low=0, high=100, likely=(0, 4))  # fmt: skip
    incident_factor: float = parameter(10.0, "incidents for one catastrophe", low=0, high=1000)
    concern_memory: float = parameter(0.98, "share of public concern left after a week", low=0, high=1)
    finish_form: str = parameter("exposure", "what harm at the finish grows with", kind="constant", source=FORM,
                                 options=HARM_FORM)  # fmt: skip
    setback: float = parameter(0.0, "chance that winning without a human costs a lab all that it won and earned",
                               low=0, high=1, source=OFF.see(HAN))  # fmt: skip
    inspection_cost: float = parameter(0.0, "what an inspection costs the public", unit="prizes", low=0, high=1e6,
                                       source=OFF)  # fmt: skip
    breach: float = parameter(0.0, "harm to the public that is averted where a breach is seen", unit="prizes", low=0,
                              high=1e6, source=OFF)  # fmt: skip
    public_harm: float = parameter(1.0, "what a catastrophe costs the public", unit="prizes", low=0, high=1000)
    social_discount: float = parameter(0.03, "discount rate of the public", unit="a year", low=0, high=1)


@dataclass(frozen=True)
class Evaluators:
    """Outside evaluators, what they can see, and what labs do with their findings."""

    number: int = parameter(2, "outside evaluators, when no [[evaluator]] list is given", low=0, high=10, whole=True,
                            label="outside evaluators",
                            kind="lever")  # fmt: skip
    weeks: int = parameter(4, "weeks a report takes", unit="weeks", low=1, high=520, whole=True,
                           source="METR: at least 1 to 2 weeks of calendar time")  # fmt: skip
    capacity: int = parameter(1, "labs examined in one round", unit="labs", low=1, high=40, whole=True, kind="lever")
    noise: float = parameter(0.2, "error of a report", unit="log", low=0, high=5)
    access: float = parameter(0.0, "share of tests unobserved or on internals: 1 sees through faking", low=0, high=1,
                              label="share of tests unobserved or on internals",
                              kind="lever")  # fmt: skip
    internals: float = parameter(1.0, "part of this access that reads internals; the rest are concealed tests", low=0,
                                 label="part of this access that reads internals",
                                 high=1, kind="lever")  # fmt: skip
    recognition: float = parameter(0.0, "concealed tests lose their cover as C to minus this power", low=0, high=5,
                                   phrase="concealed tests lose their cover as C to the power of -{}",
                                   source=OFF.see(NEEDHAM, "models notice evaluations"))  # fmt: skip
    independence: float = parameter(1.0, "share of its sight that is its own; the rest is the lab's exam", low=0,
                                    label="share of its sight that is its own",
                                    high=1, kind="lever")  # fmt: skip
    competence: float = parameter(0.0, "log capability that its tests measure at the start", unit="log", low=-5,
                                  high=20)  # fmt: skip
    outgrown: float = parameter(0.0, "sight falls as C / competence to minus this power", low=0, high=5,
                                phrase="sight falls as C / competence to the power of -{}",
                                source=OFF.see("evaluator generalisation: ICLR 2026 workshop"))  # fmt: skip
    refresh: float = parameter(0.02, "share of its lag behind the frontier that an evaluator makes up", unit="a week",
                               low=0, high=1, kind="lever")  # fmt: skip
    miss: float = parameter(0.0, "chance that an examination finds nothing at all", low=0, high=1,
                            source=OFF.see("noise alone misses some"))  # fmt: skip
    false_alarm: float = parameter(0.0, "chance that a report is a whole line too high", low=0, high=1,
                                   source=OFF.see("noise alone gives some"))  # fmt: skip
    capture: float = parameter(0.0, "chance that a finding is reported as just below the line, at the start", low=0,
                               high=1, source=OFF.see(DUFLO, "paid auditors shade"))  # fmt: skip
    familiarity: float = parameter(0.0, "share of the way to full capture that a round brings", low=0, high=1,
                                   source=OFF.see(STIGLER, "regulatory capture"))  # fmt: skip
    threshold: float = parameter(1.0, "a reading above {} is a finding", unit="exposure", low=0, high=20)
    shopping: float = parameter(0.0, "chance that labs turn down an evaluator that always finds something", low=0,
                                high=1, source=OFF.see(BOLTON))  # fmt: skip
    publication: str = parameter("private", "whether findings are published", kind="lever",
                                 options=PUBLICATION)  # fmt: skip
    finding_trust: float = parameter(0.25, "trust that a published finding costs the lab", unit="log", low=0, high=10)
    response: str = parameter("nothing", "what a lab does about a finding", kind="lever",
                              options=RESPONSE)  # fmt: skip
    repair_gain: float = parameter(0.1, "alignment won by a repair on internals, per unit of reading", unit="log",
                                   low=0, high=1)  # fmt: skip
    repair_weeks: float = parameter(4.0, "weeks of progress a repair costs", unit="weeks", low=0, high=52)


GROUPS: dict[str, type] = {
    "race": RaceSetting, "cycle": Cycle, "faking": Faking, "competition": Competition, "decision": Decision,
    "harm": Harm, "evaluators": Evaluators,
}  # fmt: skip
LAB_GROUPS = ("cycle", "faking", "decision", "safeguards")  # a lab's own
EVALUATOR_GROUP = "evaluators"  # an evaluator's own, but for these, which are the race's:
COMMON_TO_EVALUATORS = ("number", "threshold", "shopping", "publication", "finding_trust", "response", "repair_gain",
                        "repair_weeks")  # fmt: skip


@lru_cache(maxsize=256)
def expected_best(n: int) -> float:
    """Expected largest of n independent standard normals (1.4236 for 8), to twelve decimals.

    Trapezoid rule on the density of the maximum; the rounding makes it the same on every machine.
    """
    normal, step = NormalDist(), 1 / 128
    points = [-9 + step * k for k in range(int(18 / step) + 1)]
    return round(step * sum(z * n * normal.pdf(z) * normal.cdf(z) ** (n - 1) for z in points), 12)


# Numbers that rules read but nobody sets: each computed from one value of its group.
DERIVED = {
    "cycle": {
        "expected_best": ("candidates", lambda number: expected_best(int(number))),
        "log_able": ("able", lambda capability: log(float(capability))),
    },
    "competition": {"line": ("finish", lambda capability: log(float(capability)))},
}


def row(group: str, kind: type, values: dict[str, Any]) -> dict[str, float]:
    """A group's values as rules read them: floats only, an option as its code."""
    numbers = {
        name: d.code(values[name]) if d.options else float(values[name])
        for name, d in declarations(kind).items()
    }
    return numbers | {name: f(values[of]) for name, (of, f) in DERIVED.get(group, {}).items()}
