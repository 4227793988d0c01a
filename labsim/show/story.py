"""A race told as a story, week by week."""

from typing import Any

import pandas as pd

from labsim.model.orders import WHERE
from labsim.runs.replay import Replay
from labsim.show.numbers import fixed


def story(replayed: Replay) -> list[str]:
    """The race in sentences, week by week: closures with their reasons, findings, incidents, the end."""
    decisions = replayed.tables["decisions"].set_index(["week", "lab"])
    lines = []
    for event in replayed.tables["events"].itertuples():
        ledger = decisions.loc[(event.week, event.lab)] if (event.week, event.lab) in decisions.index else None
        lines.append(f"week {event.week:>4}  {_sentence(event, ledger)}")
    if replayed.outcomes["unfinished"]:
        lines.append(f"week {replayed.outcomes['race_weeks']:>4.0f}  The horizon is reached; nobody has finished.")
    return lines


def _sentence(event: Any, ledger: pd.Series | None) -> str:
    lab, value = event.lab, event.value
    named = lab.replace("_", " ")  # of a rule, which stands where a lab would
    if event.event in ("closed", "reopened"):
        act = "removes the human" if event.event == "closed" else "takes the human back"
        return f"{lab} {act}: {reason(ledger)}" if ledger is not None else f"{lab} {act}."
    return {
        "rule_starts": f"In force from now on: {named}.",
        "rule_stops": f"No longer in force: {named}.",
        "paused": f"{lab} pauses: it measures an exposure of {value:.2f}.",
        "resumed": f"{lab} resumes, at a measured exposure of {value:.2f}.",
        "finding": f"An evaluator reports a finding on {lab}: exposure {value:.2f}.",
        "incident": f"An incident at {lab}.",
        "fined": f"{lab} is fined {value:.2f} prizes.",
        "moved": f"{lab} moves {'abroad' if value == WHERE.abroad else 'home'}.",
        "left": f"{lab} is out of the treaty, after {value:.0f} weeks without a human.",
        "finished": f"{lab} crosses the finish line." if value == 1 else f"{lab} shares the finish.",
        "catastrophe": "In this one future, harm falls in this week.",
    }[event.event]


def reason(ledger: pd.Series) -> str:
    """Why a lab decided as it did, in its own numbers."""
    if ledger["strategy"] != "calculator":
        return f"its strategy is {ledger['strategy']}."
    own = ledger["end_risk_remove"] - ledger["end_risk_keep"]
    text = (
        f"it counts on winning {100 * ledger['win_remove']:.0f} of 100 races without the human and "
        f"{100 * ledger['win_keep']:.0f} with, and on {fixed(100 * own, sign=True)} points of risk without if it wins"
    )
    if ledger["sanction"] > 0:
        text += f" and {fixed(ledger['sanction'], 2)} prizes of expected fines"
    return f"{text}; removing is worth {fixed(ledger['margin'], 2, sign=True)} prizes to it."
