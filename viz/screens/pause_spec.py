"""The pause-spec editor: rules as sentences, what they catch and cost while they are edited, as a file to take away."""

from urllib.parse import quote

import reacton.ipyvuetify as v
import solara
from markdown_it import MarkdownIt

from labsim.model.declaration import Declaration
from labsim.model.outcomes import is_share
from labsim.pause_spec.file import CONDITIONS, DECLARED, Specification
from labsim.pause_spec.report import MEASURES, ONLY_WITH, STANDING, headline
from labsim.pause_spec.score import LATER, Score
from labsim.scenario.checked import ScenarioError
from labsim.scenario.values import text_of
from labsim.show.numbers import MINUS
from labsim.show.words import PLUS_MINUS
from viz.parts import Paste, PauseRules
from viz.shell.elements import button, element
from viz.shell.session import Session, use_session
from viz.shell.work import use_latest
from viz.world import pause_spec_edit, said
from viz.world.pause_spec_edit import MINE
from viz.world.world import EVERYONE, SPEC, WHO

GROUPS = {  # of the live counts, as `pause_spec_report.MEASURES` names them
    "What it stops": ("needed", "needless", "missed"),
    "What it avoids": ("catastrophe", "own_harm"),
    "What it costs": (LATER, "won", "payoff", "paused_weeks"),
}
UNIT_WORDS = dict.fromkeys(("needed", "needless", "missed", "paused_weeks"), "a race")  # of counts without a unit


@solara.component
def PauseSpecEditor():
    """The whole screen."""
    session = use_session()
    world, who = session.world, session.kept(WHO)
    faults, set_faults = solara.use_state({})
    try:
        spec, broken = pause_spec_edit.kept(dict(session.view.value.more)), ""
    except ScenarioError as error:
        spec, broken = pause_spec_edit.shipped(), f"This link's specification cannot be used: {error}"
    labs = pause_spec_edit.who_is_bound(world, who)
    key = (world, tuple(spec.conditions.items()), spec.weeks, spec.danger, labs)
    result, current = use_latest(lambda stop: pause_spec_edit.scores(spec, world, labs, stop), key)
    old = not current

    def edit(what: dict) -> None:
        name, text = what["name"], what["text"]
        try:
            save(session, pause_spec_edit.with_number(spec, name, text))
        except ScenarioError as error:
            set_faults({**faults, name: (text, str(error))})
        else:
            set_faults({other: fault for other, fault in faults.items() if other != name})

    with element("main", class_="panel spec"):
        element("h1", "When must the loop stop?")
        said_now = headline(result.value) if result.value and current else "Running the races with and without it ..."
        element("p", said_now, class_="lead", role="status", aria_live="polite")
        if broken or (result.error and current):
            element("p", broken or f"It cannot be scored: {result.error}", role="alert", class_="wrong")
        with element("div", class_="spec-cols"):
            with element("div"):
                options = lab_options(session)
                bound = EVERYONE if who == EVERYONE else options[labs[0]]["value"]
                PauseRules(
                    groups=groups(spec, faults, result.value), labs=options, who=bound, old=old, event_changed=edit,
                    event_bound=lambda name: session.keep(WHO, name),
                )  # fmt: skip
            Counts(result.value, old)
        Files(session, spec, result.value, result.complete and current)
        if result.value:
            element("p", short_counts(result.value), class_="spec-dock old" if old else "spec-dock", aria_hidden="true")


def short_counts(score: Score) -> str:
    """The counts in one line, for a phone, where the rules push them out of sight."""
    words = {"needed": "caught", "needless": "needless", "missed": "missed"}
    return ", ".join(f"{said.numeral(score.levels[name])} {word}" for name, word in words.items()) + " a race"


def save(session: Session, spec: Specification) -> None:
    """Keep a specification in the link."""
    rest = [pair for pair in session.view.value.more if not pair[0].startswith(SPEC) or pair[0] == WHO]
    session.look(more=tuple(sorted([*rest, *pause_spec_edit.to_keep(spec).items()])))


def lab_options(session: Session) -> list[dict[str, str]]:
    """Who can be bound."""
    names = [lab.name for lab in session.world.resolve().all_labs]
    return [*({"value": name, "words": name} for name in names), {"value": EVERYONE, "words": "all labs"}]


def groups(spec: Specification, faults: dict[str, tuple[str, str]], score: Score | None) -> list[dict]:
    """The rules for the browser: sentences with a field in each."""
    conditions = [rule(spec, name, *sentence(name), faults, score) for name in CONDITIONS]
    review = rule(spec, "weeks", "A review takes", f"{unit('weeks')}; then the loop goes on.", faults, None)
    danger = rule(spec, "danger", "A pause counts as needed if true exposure is above", unit("danger"), faults, None)
    return [
        {"title": "Who", "bound": True, "rules": []},
        {"title": "Pause if, after a cycle, any of these holds", "rules": conditions},
        {"title": "Then", "rules": [review]},
        {"title": "To count", "rules": [danger]},
    ]


def sentence(name: str) -> tuple[str, str]:
    """A condition's words before and after its number."""
    before, _, after = CONDITIONS[name].phrase.replace(" - ", f" {MINUS} ").partition("{}")
    return f"{before[0].upper()}{before[1:].rstrip()}", f"{unit(name)}{after}".strip()


def unit(name: str) -> str:
    """What a number counts."""
    return DECLARED[name].unit


def rule(
    spec: Specification, name: str, before: str, after: str, faults: dict[str, tuple[str, str]], score: Score | None
) -> dict:
    """One sentence with its field, its range, what is wrong with it, what it does alone, and a way to turn it off."""
    d, value = DECLARED[name], {**spec.conditions, "weeks": spec.weeks, "danger": spec.danger}.get(name)
    text, error = faults.get(name, ("" if value is None else text_of(value), ""))
    start = {**pause_spec_edit.shipped().conditions}.get(name)
    turn = None
    if name in CONDITIONS and value is not None:
        turn = {"words": "turn off", "label": f"Turn off: {d.meaning}", "text": ""}
    elif start is not None:
        turn = {"words": f"use {text_of(start)}", "label": f"Use {text_of(start)}: {d.meaning}", "text": text_of(start)}
    return {
        "name": name, "before": before, "after": after, "value": text, "error": error, "range": range_words(d),
        "label": f"{d.meaning}; {d.allowed}{'; empty is off' if name in CONDITIONS else ''}", "turn": turn,
        "noted": name in CONDITIONS and value is not None, "note": "" if value is None else alone_words(name, score),
    }  # fmt: skip


def range_words(d: Declaration) -> str:
    """The allowed range, short."""
    return f"from {d.low:g} up" if d.high >= 1e9 else f"{d.low:g} to {d.high:,g}"


def alone_words(name: str, score: Score | None) -> str:
    """What a condition would do alone."""
    if score is None or name not in score.lines:
        return ""
    alone = score.lines[name]["alone"]
    words = {"needed": "caught", "needless": "needless", "missed": "missed"}
    return "Alone: " + ", ".join(f"{said.level_words(alone[key])} {word}" for key, word in words.items())


@solara.component
def Counts(score: Score | None, old: bool):
    """What the specification does in the model, by its side: with it, and how that differs from without."""
    with element("div", class_="counts old" if old else "counts"):
        for title, names in GROUPS.items():
            element("h2", title, class_="sec")
            with element("dl"):
                for name in names:
                    if score is None or len(score.labs) == 1 or name not in STANDING:
                        with element("div", class_="tile"):
                            tile(name, score)
        if score is not None:
            how = f"{score.replications:,} races with it, the same races without; {PLUS_MINUS}"
            element("p", how, class_="tiny mute")
            with element("details", class_="more-of"):
                element("summary", "What the counts mean")
                for text in pause_spec_edit.meanings(score):
                    element("p", text, class_="small soft")


def tile(name: str, score: Score | None) -> None:
    """A number, and in words how it differs from the same races without the specification."""
    words, measured_in = MEASURES[name]
    element("dt", f"{words[0].upper()}{words[1:]}")
    if score is None:
        element("dd", "...", class_="v")
        return
    scale = 100 if is_share(measured_in) else 1
    change = score.differences[name]
    if name == LATER:
        element(
            "dd", said.numeral(change, scale), element("small", f"weeks {said.error_words(change, scale)}"), class_="v"
        )
        return
    level = score.levels[name]
    of = measured_in or UNIT_WORDS.get(name, "")
    element("dd", said.numeral(level, scale), element("small", f"{of} {said.error_words(level, scale)}"), class_="v")
    if name not in ONLY_WITH:
        element(
            "dd", element("b", said.apart(change, scale, "more", "fewer" if scale == 1 else "less")),
            element("span", f"without it {said.numeral(score.without[name], scale)}"), class_="d",
        )  # fmt: skip


@solara.component
def Files(session: Session, spec: Specification, score: Score | None, complete: bool):
    """The specification to take away, and another one to start from."""
    fault, set_fault = solara.use_state("")
    toml = pause_spec_edit.toml(spec)
    page = pause_spec_edit.document(score, spec, session.world, session.kept(WHO)) if score and complete else ""

    def paste(text: str) -> None:
        try:
            given = pause_spec_edit.pasted(text)
        except ScenarioError as error:
            set_fault(str(error))
        else:
            set_fault("")
            save(session, given)

    with element("section", class_="part files"):
        with element("div", class_="take-away"):
            Save("Download TOML", f"{MINE}.toml", toml, "application/toml")
            Save("Download Markdown", f"{MINE}.md", page, "text/markdown")
            if spec != pause_spec_edit.shipped():
                Again(session)
        with element("details", class_="more-of"):
            element("summary", "The file, and the command that scores it as here")
            if score and complete:
                element("p", element("code", pause_spec_edit.command(score, session.world, session.kept(WHO))))
            element("pre", toml, tabindex="0", aria_label="The specification as TOML")
        Document(page)
        with element("details", class_="more-of"):
            element("summary", "Start from another file")
            Paste(label="A pause specification, as TOML", verb="Use it", error=fault, event_given=paste)


@solara.component
def Document(page: str):
    """The document as it is read, rendered once somebody opens it."""
    opened, set_opened = solara.use_state(False)
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(page) if opened else ""
    fold = element(
        "details", element("summary", "The document: the rules for people, and the score"),
        solara.HTML(tag="div", unsafe_innerHTML=html, classes=["document"]), class_="more-of",
    )  # fmt: skip
    v.use_event(fold, "toggle", lambda *_: set_opened(True))
    return fold


@solara.component
def Save(words: str, name: str, text: str, kind: str):
    """A file to download; not before there is something in it."""
    if text:
        element("a", words, class_="btn", href=f"data:{kind};charset=utf-8,{quote(text)}", download=name)
    else:
        element("span", f"{words}: updating ...", class_="btn", aria_disabled="true")


@solara.component
def Again(session: Session):
    """Back to the shipped specification."""
    button("Back to the shipped one", class_="btn plain", on_press=lambda: save(session, pause_spec_edit.shipped()))
