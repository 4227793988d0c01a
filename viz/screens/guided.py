"""Guided scenarios: one change each, a guess before the result, then the sandbox."""

from dataclasses import dataclass
from urllib.parse import urlencode

import solara

from viz.shell.elements import element, link
from viz.shell.session import Session
from viz.world.world import GUESSED, GUESSING, OPENING, View, World


@dataclass(frozen=True)
class Card:
    """A question, and the one change that puts it to the model."""

    question: str
    about: str
    changes: tuple[tuple[str, object], ...]
    scenario: str = OPENING

    def world(self) -> World:
        """The world of the question."""
        return World(self.scenario).with_(dict(self.changes))

    def address(self) -> str:
        """The link that asks for a guess first."""
        return f"/explore?{View(self.world(), more=((GUESSING, 'yes'),)).query()}"


ROWS = {
    "Understand": (
        Card("Who lets go of the human?", "Five labs that differ, no rules: the world as it is shipped.", ()),
        Card("What if all labs are alike?", "Five equal labs that see each other and weigh their interest.", (),
             "five-calculators"),
        Card("What if the winner takes little?", "Only 30 % of the prize goes to who finishes first.",
             (("competition.winner_share", 0.3),)),
    ),
    "Measure": (
        Card("Do more outside eyes help?", "Six evaluators with full access instead of two with none.",
             (("evaluators.number", 6), ("evaluators.access", 1.0))),
        Card("What if labs repair what is found?", "Evaluators see internals, and a lab mends what they find.",
             (("evaluators.access", 1.0), ("evaluators.response", "repair"))),
        Card("What if every model is examined first?", "No release before an evaluation.",
             (("governance.mandatory_evaluation.start", 0),)),
    ),
    "Rule": (
        Card("What if the human is a handbrake?", "No cycle takes less than five weeks, with a human or without.",
             (("governance.rate_limit.start", 0),)),
        Card("Does a law keep the human?", "A human is required; inspectors come, and fine.",
             (("governance.human_mandate.start", 0),)),
        Card("Who breaks it pays", "Strict liability for who causes the harm.", (("governance.liability.start", 0),)),
    ),
    "Agree": (
        Card("What if all pause together?", "Above a line of measured danger, every lab stops until it is mended.",
             (("governance.common_pause.start", 0),)),
        Card("Can labs bind each other?", "A treaty that all must join, with a way out.",
             (("governance.treaty.start", 0),)),
        Card("A treaty without the way out", "The same, but bound even while somebody breaks it.",
             (("governance.treaty.start", 0), ("governance.treaty.release", "no"))),
    ),
}  # fmt: skip


@solara.component
def Learn():
    """Twelve questions in four rows; each asks for a guess first."""
    with element("main", class_="panel learn"):
        element("h1", "Guess first, then look")
        element("p", "One change at a time. Say what you expect; the same luck then plays with it and without.",
                class_="lead")  # fmt: skip
        for row, cards in ROWS.items():
            with element("section", aria_label=row):
                element("h2", row)
                with element("ol", class_="cards"):
                    for card in cards:
                        with element("li"):
                            link(card.question, to=card.address())
                            element("p", card.about)


def asks(session: Session) -> bool:
    """Whether a guess is asked for, and not given yet."""
    return bool(session.kept(GUESSING)) and not session.kept(GUESSED)


def guess_of(session: Session) -> int | None:
    """What the visitor guessed: so many of 100 futures."""
    text = session.kept(GUESSED)
    return int(text) if text.isdecimal() and int(text) <= 100 else None


def guessed_words(session: Session) -> str:
    """The guess, for the tile of harm."""
    guess = guess_of(session)
    return "" if guess is None else f"you guessed {guess}"


def sandbox(session: Session) -> str:
    """The same world without a guess."""
    pairs = [pair for pair in session.view.value.more if pair[0] not in (GUESSING, GUESSED)]
    return f"/explore?{urlencode([*session.world.pairs(), *pairs])}"
