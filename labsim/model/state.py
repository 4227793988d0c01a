"""Every quantity that moves: unit and meaning, declared once, all 64-bit floats.

A rule may write only what stands here. In the Mesa model these are attributes of `Lab`,
`Evaluator` and `Race`; in the ensemble they are columns of a structured array.

Notation: x = ln C and y = ln A are `log_capability` and `log_alignment`; exposure = max(0, x - y).
"""

import dataclasses
import linecache
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

WEEKLY = "weekly"
NO_LIMIT = 1e9  # above every limit
NO_LINE = -1e9  # below everything that is measured
NOBODY, NOBODY_SOON = -1e9, 1e9  # the largest and the soonest among no labs


def quantity(
    meaning: str,
    unit: str = "",
    start: float = 0.0,
    kept: bool = False,
    cleared: str = "",
    order: bool = False,
    parameter: str = "",
) -> Any:
    """Declare a moving quantity.

    `kept` ones appear in the table of weeks. Those `cleared` "weekly" go back to their start, or to the value
    of a `parameter` such as race.information, when a week opens: see `clearing`. An `order` is one of these
    that is written only by what is in force.
    """
    declared = {
        "meaning": meaning, "unit": unit, "kept": kept, "cleared": cleared, "order": order, "parameter": parameter,
    }  # fmt: skip
    return dataclasses.field(default=start, metadata=declared)


def order(meaning: str, unit: str = "", start: float = 0.0, parameter: str = "") -> Any:
    """Declare an order: cleared each week, then only tightened by what is in force."""
    return quantity(meaning, unit, start, cleared=WEEKLY, order=True, parameter=parameter)


@dataclass
class LabState:
    """What changes in a lab."""

    # identity
    id: float = quantity("number of the lab: its luck goes with it")
    strategy: float = quantity("number of its strategy")
    # the system it builds
    log_capability: float = quantity("x = ln C", "log", kept=True)
    log_alignment: float = quantity("y = ln A", "log", kept=True)
    faked: float = quantity("share of alignment faked under observation, f", kept=True)
    exposure: float = quantity("true exposure max(0, x - y), after this week's changes", "log", kept=True)
    # its cycle
    claimed: float = quantity("oversight it tells others", start=1.0)
    oversight: float = quantity("human in the loop: 1 in every cycle, 0 closed", start=1.0, kept=True)
    progress: float = quantity("part of the running cycle that is done", "cycles", kept=True)
    weeks: float = quantity("length of a cycle as things stand", "weeks", start=1.0, kept=True)
    completed: float = quantity("1 if a cycle completed this week")
    cycles: float = quantity("cycles completed so far", "cycles", kept=True)
    reviewed: float = quantity("1 if a human reviewed the last cycle", start=1.0)
    unreviewed: float = quantity("cycles no human reviewed, expected", "cycles")
    age: float = quantity("unreviewed cycles since the evaluations were fresh", "cycles", kept=True)
    measured: float = quantity("the lab's own reading of its exposure, m", "log", kept=True)
    anchor: float = quantity(
        "anchor integrity: how far its exam still asks for what humans meant", start=1.0, kept=True
    )
    seen: float = quantity("share of its exposure that its exam showed when last used", start=1.0, kept=True)
    known: float = quantity("excess exposure it knows of from outside", "log")
    gain: float = quantity("running mean of its capability gain a cycle, v", "log")
    chance: float = quantity("its claim to win a contest, relative to the first")
    left: float = quantity("time until its last cycle, from the start of the week, where that ends a race", "weeks")
    offered: float = quantity("pace at which it sells this week", "cycles a week")
    first_pace: float = quantity("its gain a week in week 0, with a human", "log a week")
    ratio: float = quantity("alignment per capability of the last selection, max(0, d/c)")
    productivity: float = quantity("what the same research brings, relative to C = 1: returns to research", start=1.0)
    multiplier: float = quantity("what meta-learning has made of its gains", start=1.0)
    believed_gain: float = quantity("measured alignment effect of the last edit", "log")
    edit_capability: float = quantity("what the last edit did to x", "log")
    edit_alignment: float = quantity("what the last edit did to y", "log")
    edit_hidden: float = quantity("alignment that the last edit lost without being noticed", "log")
    hidden: float = quantity("alignment lost in regressions that nobody has noticed", "log", kept=True)
    regressions: float = quantity("hidden regressions so far")
    regressions_found: float = quantity("of these, noticed and undone with their edit")
    edits_undone: float = quantity("edits undone by an audit or a regression alarm", "cycles")
    unaudited: float = quantity("cycles that nobody checked before the next began", "cycles")
    paused: float = quantity("1 in a paused week", kept=True)
    resume_below: float = quantity("a pause of its own ends when m falls below this; 0: none", "log")
    saved_capability: float = quantity("x at the last reviewed state", "log")
    saved_alignment: float = quantity("y at the last reviewed state", "log")
    saved_faked: float = quantity("f at the last reviewed state")
    # what it publishes at the start of a week: all that rivals can read
    shown_capability: float = quantity("x as of the start of the week", "log")
    shown_gain: float = quantity("v as of the start of the week", "log")
    shown_oversight: float = quantity("oversight that it claims, as of the start of the week", start=1.0)
    shown_measured: float = quantity("m as of the start of the week", "log")
    pause_until: float = quantity("week in which a pause of its own specification ends", "week")
    pauses_needed: float = quantity("pauses of its specification when true exposure was a danger")
    pauses_needless: float = quantity("pauses of its specification when it was not")
    pauses_missed: float = quantity("cycles that ended in danger without such a pause", "cycles")
    runs_stopped: float = quantity("runs that a kill switch has stopped")
    compute: float = quantity("compute in that of an average lab", start=1.0)
    jurisdiction: float = quantity("where it is: 1 home, 2 abroad", start=1.0, kept=True)
    moves: float = quantity("times it moved to another jurisdiction")
    member: float = quantity("1 if it is a member of the treaty", kept=True)
    out_weeks: float = quantity("weeks without a human while a treaty bound it", "weeks")
    unmasked: float = quantity("1 once a whistle-blower has told that it hides its closure")
    # what events do to it this week
    automation: float = order("part of the machine's time that automation saves")
    leak: float = order("share of the visible lead that leaks to it")
    salience: float = quantity("concern that it raises this week", "incidents", cleared=WEEKLY)
    regime: float = order("information regime it lives under this week", parameter="race.information")
    # orders, of its own safeguards and of rules imposed
    auditor: float = order("who audits its edits: 0 nobody, 1 itself, 2 a peer, 3 an outsider, 4 a human")
    audit_line: float = order("an audited edit measured below this is undone", "log", start=NO_LINE)
    regression_watch: float = order("chance that it notices a hidden regression")
    regression_alarm: float = order("chance that it sees a regression where there is none")
    largest_gain: float = order("largest gain of an edit that is merged whole", "log", start=NO_LIMIT)
    damping: float = order("an edit of gain g is merged to the part 1 / (1 + this g)")
    pace: float = order("share of every gain that its safeguards leave", start=1.0)
    ceiling: float = order("ln C beyond which it does not build", "log", start=NO_LIMIT)
    frozen: float = order("share of the anchor's erosion that is prevented")
    steadiness: float = order("part of its exam's ageing that is prevented")
    version_line: float = order("measured exposure up to which a version is kept to roll back to", "log", start=NO_LINE)
    opened: float = order("share of its own exam that faking cannot fool")
    arbitration: float = order("share of a human reading that it gets without a review")
    checks: float = order("its own exam's precision, as a multiple", start=1.0)
    deployed: float = order("share of its system's reach that is in use", start=1.0)
    standing: float = order("what rules and stages take from its appeal to the market", "log")
    research_bonus: float = order("alignment research beyond its own", "log a week")
    sees_safety: float = order("1 if it sees the measured exposure of others", parameter="race.safety_information")
    liability: float = order("damages it must expect if it causes a catastrophe", "prizes")
    sharing: float = order("share of the difference in prizes that is shared out")
    permits: float = order("compute permitted to all labs together, in that of week 0", start=NO_LIMIT)
    permit_audits: float = order("audits of its compute", "a year")
    permit_fine: float = order("fine for compute without permits", "prizes")
    local_rules: float = order("rules that bind it only where it is")
    required_oversight: float = order("oversight that rules in force require")
    minimum_weeks: float = order("shortest cycle that rules in force allow", "weeks")
    must_pause: float = order("1 if a rule in force orders a pause")
    extra_weeks: float = order("time that rules in force add to a cycle", "weeks")
    fresh_every: float = order("cycles after which its evaluations must be renewed, 0 never", "cycles")
    must_measure: float = order("1 if it must go by an evaluation that sees through faking")
    compute_cap: float = order("largest compute share times the number of labs", start=NO_LIMIT)
    closed_cap: float = order("the same, for a lab without a human in the loop", start=NO_LIMIT)
    inspections: float = order("inspections it must expect", "a year")
    tips: float = order("inspections that tips bring, beyond these", "a year")
    detection: float = order("chance that an inspection sees a breach")
    fine: float = order("fine for a breach that is seen", "prizes")
    # findings
    outside: float = quantity("last outside reading of its exposure", "log", kept=True)
    evidence: float = quantity("share of the tests behind the last reading that faking cannot fool")
    finding: float = quantity("1 in a week with a finding", cleared=WEEKLY)
    findings: float = quantity("findings so far")
    false_alarms: float = quantity("reports above the line although its exposure was not")
    misses: float = quantity("reports not above the line although its exposure was")
    examined: float = quantity("its cycle number at the last outside report", "cycles")
    retrainings: float = quantity("retrainings on observed behaviour so far")
    # market
    share: float = quantity("compute share", kept=True)
    claim: float = quantity("compute share it would use if it needed no permits")
    trust: float = quantity("trust lost in incidents and not yet recovered (at most 0)", "log", kept=True)
    revenue: float = quantity("revenue share")
    lead_heard: float = quantity("largest visible lead of another lab", "log", cleared=WEEKLY)
    # the decision: the ledger of the last one
    phi_keep: float = quantity("alignment per capability it counts on if it keeps")
    phi_remove: float = quantity("true alignment per capability if it removes, on average")
    taste: float = quantity("its fixed leaning towards removal", "prizes")
    rival_weeks: float = quantity("weeks to the finish of the fastest rival it sees", "weeks")
    rival_pull: float = quantity("sum over rivals of (fastest / rival's weeks)^k")
    rival_harm: float = quantity("the same sum weighted with each rival's risk at the finish")
    leader_capability: float = quantity("x of the leading rival it sees", "log")
    leader_oversight: float = quantity("oversight of the leading rival it sees", start=1.0)
    rivals_closed: float = quantity("rivals it sees without a human", "labs")
    model_draw: float = quantity("largest draw among rivals: who is looked at as a model")
    model_capability: float = quantity("x of the rival looked at as a model", "log")
    model_oversight: float = quantity("oversight of the rival looked at as a model", start=1.0)
    provoked: float = quantity("decisions in a row with a closed leader")
    grudge: float = quantity("1 once it has seen a rival close")
    attraction_keep: float = quantity("what keeping has brought, remembered", start=1.0)
    attraction_remove: float = quantity("what removing has brought, remembered", start=1.0)
    win_keep: float = quantity("believed chance to win if it keeps")
    win_remove: float = quantity("believed chance to win if it removes")
    run_risk_keep: float = quantity("believed own risk before the finish if it keeps, Q")
    run_risk_remove: float = quantity("believed own risk before the finish if it removes, Q")
    end_risk_keep: float = quantity("believed risk at the finish if it keeps and wins, r")
    end_risk_remove: float = quantity("believed risk at the finish if it removes and wins, r")
    rival_risk: float = quantity("believed risk at the finish if a rival wins")
    weeks_keep: float = quantity("believed length of the race if it keeps, H", "weeks")
    weeks_remove: float = quantity("believed length of the race if it removes, H", "weeks")
    sanction: float = quantity("expected fines if it removes, discounted", "prizes")
    worth_keep: float = quantity("utility of keeping before taste and switch cost", "prizes")
    worth_remove: float = quantity("utility of removing before taste and switch cost", "prizes")
    margin: float = quantity("utility of removing minus keeping, all in; above 0 removes", "prizes")
    decided: float = quantity("1 if the ledger is of this week", cleared=WEEKLY)
    wanted: float = quantity("oversight its strategy wants", start=1.0)
    moved: float = quantity("1 once it has made a first move that was set beforehand")
    # accounts
    hazard: float = quantity("its own hazard this week")
    hazard_run: float = quantity("its own hazard so far")
    incidents: float = quantity("incidents so far", kept=True)
    incident: float = quantity("1 in a week with an incident")
    unanswered: float = quantity("incidents since it last went back to its reviewed state for them")
    fines: float = quantity("fines paid so far", "prizes")
    paid: float = quantity("fines and what moving cost so far, discounted", "prizes")
    ruin: float = quantity("expected cost of ruin so far, discounted", "prizes")
    earned: float = quantity("weekly benefits so far, less what its human cost, discounted", "prizes")
    inspected: float = quantity("inspections so far")
    breaches_seen: float = quantity("of these, with a breach that was seen")
    prize: float = quantity("prize it gets if the world survives, discounted", "prizes")
    payoff: float = quantity("expected payoff so far", "prizes")
    closed_weeks: float = quantity("weeks without a human in the loop", "weeks")
    first_closed: float = quantity("week in which it first closed, -1 never", "week", start=-1.0)
    won: float = quantity("its share of the win")


@dataclass
class EvaluatorState:
    """What changes in an outside evaluator."""

    id: float = quantity("number of the evaluator: its luck goes with it")
    target: float = quantity("id of the lab it examines")
    due: float = quantity("week in which its report arrives", "week")
    reports: float = quantity("reports delivered so far")
    found: float = quantity("1 if the running round has a finding")
    competence: float = quantity("log capability that its tests still measure", "log")
    captured: float = quantity("chance that it reports a finding as just below the line")
    strictness: float = quantity("share of its rounds with a finding, running mean")
    turned_down: float = quantity("rounds in which labs turned it down")


@dataclass
class RaceState:
    """What changes in the race as a whole."""

    week: float = quantity("week, 0 is April 2026", "week")
    frontier: float = quantity("largest x of a lab", "log", start=NOBODY, kept=True, cleared=WEEKLY)
    exposure: float = quantity("true exposure, mean over labs", "log", kept=True, cleared=WEEKLY)
    measured: float = quantity("measured exposure, mean over labs", "log", kept=True, cleared=WEEKLY)
    closed: float = quantity("share of labs without a human in the loop", kept=True, cleared=WEEKLY)
    size: float = quantity("number of labs", "labs")
    members: float = quantity("members of the treaty", "labs", cleared=WEEKLY)
    seen_closed: float = quantity("labs seen without a human at the start of the week", "labs", cleared=WEEKLY)
    soonest: float = quantity(
        "soonest end of a lab's last cycle, from the start of the week", "weeks", start=NOBODY_SOON, cleared=WEEKLY
    )
    offered: float = quantity("sum of the pace of labs that sell this week", "cycles a week", cleared=WEEKLY)
    demand: float = quantity("demand for compute permits, relative to an average lab's", cleared=WEEKLY)
    pool: float = quantity("prizes that treaty members put together", "prizes", cleared=WEEKLY)
    sharers: float = quantity("labs that share them", "labs", cleared=WEEKLY)
    best_pull: float = quantity("largest market appeal of a lab", "log", start=NOBODY, cleared=WEEKLY)
    pull: float = quantity("sum of market appeals, relative to the largest", cleared=WEEKLY)
    hazard: float = quantity("hazard of this week", cleared=WEEKLY)
    hazard_run: float = quantity("accumulated hazard, Lambda", kept=True)
    survival_before: float = quantity("chance that the world has survived until last week", start=1.0)
    survival: float = quantity("chance that the world has survived", start=1.0, kept=True)
    incidents: float = quantity("incidents of this week", cleared=WEEKLY)
    salience: float = quantity(
        "what else raises concern this week: warnings, public findings", "incidents", cleared=WEEKLY
    )
    concern: float = quantity("public concern: incidents remembered", kept=True)
    best: float = quantity(
        "largest x among labs that can win this week, -1e9 if none", "log", start=NOBODY, cleared=WEEKLY
    )
    winners: float = quantity("labs that share the win", cleared=WEEKLY)
    slowest_cycles: float = quantity("fewest cycles any lab has completed", "cycles", start=NOBODY_SOON, cleared=WEEKLY)
    finish_hazard: float = quantity("hazard that the winners add at the finish", cleared=WEEKLY)
    finished: float = quantity("1 once somebody has won")
    over: float = quantity("1 once the race has ended: finished, or at the horizon")
    luck: float = quantity("the one draw that dates the event in the story")
    event_week: float = quantity("week of the catastrophe in this one future, -1 none", "week", start=-1.0)


def fields(state: type) -> dict[str, float]:
    """The quantities of a kind of state, in order, with their starting values."""
    return {f.name: f.default for f in dataclasses.fields(state) if f.default is not dataclasses.MISSING}


@cache
def kept(state: type) -> tuple[str, ...]:
    """The quantities of a kind of state that the table of weeks keeps."""
    return tuple(f.name for f in dataclasses.fields(state) if f.metadata["kept"])


def cleared(state: type, orders: bool = False) -> tuple[str, ...]:
    """The quantities of a kind of state that are cleared weekly: the orders, or all others."""
    declared = (f for f in dataclasses.fields(state) if f.metadata["cleared"] == WEEKLY)
    return tuple(f.name for f in declared if f.metadata["order"] == orders)


def clearing(name: str, state: type, docstring: str, orders: bool = False) -> Callable:
    """The rule that clears the quantities of a kind of state, written from their declarations: an assignment for each.

    Both engines run it as they run every rule; its text is kept where debuggers and `inspect` look for it.
    """
    whose, arguments = ("race", "race, p, key") if state is RaceState else ("lab", "lab, race, p, key")
    lines = [f"def {name}({arguments}):", f'    """{docstring}"""']
    declared_fields = {field.name: field for field in dataclasses.fields(state)}
    for quantity in cleared(state, orders):
        declared = declared_fields[quantity]
        parameter = declared.metadata["parameter"]
        lines += [f"    {whose}.{quantity} = {f'p.{parameter}' if parameter else declared.default}"]
    text, place = "\n".join(lines) + "\n", f"<{name}, written by {__name__}>"
    linecache.cache[place] = len(text), None, text.splitlines(keepends=True), place
    made: dict[str, Any] = {"__name__": __name__}
    exec(compile(text, place, "exec"), made)
    return made[name]
