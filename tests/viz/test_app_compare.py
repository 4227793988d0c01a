"""Compare, the pause-spec editor and the plain Mesa view: their numbers, their files, and in a browser."""

import io
import re

import numpy as np
import pandas as pd
import pytest

from labsim.engines.ensemble import Stop
from labsim.model.outcomes import OUTCOMES
from labsim.pause_spec import file as pause_spec_file
from labsim.runs.summary import Summary, direction
from labsim.scenario.checked import ScenarioError
from labsim.show.numbers import estimate
from tests.conftest import PHONE, WIDE, soon
from viz.charts import compare_figures
from viz.screens import mesa_race
from viz.world import changes, compare_runs, said
from viz.world import pause_spec_edit as edit
from viz.world.measures import MEASURES
from viz.world.world import World, parse

LIMIT = World(changes=(("governance.rate_limit.start", 0),))
BOTH = "compare?governance.rate_limit.start=0&pin=scenario%3Dhassabis-baseline"


@pytest.fixture(scope="module")
def runs():
    """The scenario as shipped and with a rate limit, 200 futures."""
    return [compare_runs.race(world, 200, Stop.new()) for world in (World(), LIMIT)]


def test_numbers_are_rounded_by_their_size_and_errors_show_their_first_digit():
    assert said.level_words(Summary.of(np.array([30.0, 40.0, 35.0]))) == "35 ± 6"
    assert said.level_words(Summary.of(np.array([4.0, 4.2, 4.1, 4.1]))) == "4.1 ± 0.08"
    assert said.level_words(Summary.of(np.zeros(3))) == "0.0"
    for differences, words in (
        (4 * [-17.0, -16.0, -18.0], "17 fewer ± 0.5"),
        (6 * [-17.0, 18.0], "no clear difference"),
        (12 * [0.0], "the same"),
        ([-17.0, -16.0, -18.0], "too few to compare"),
    ):
        assert said.apart(Summary.of(np.array(differences)), 1.0, "more", "fewer") == words
    shares = Summary.of(np.array([0.30, 0.40, 0.35]))
    assert said.level_words(shares, 100) == "35 ± 6"
    assert said.apart(Summary.of(np.array(4 * [-0.17, -0.16, -0.18])), 100, "more", "fewer") == "17 fewer ± 0.5"


def test_differences_are_paired_and_the_same_as_those_of_the_library(runs):
    from labsim.runs.comparison import compare

    result = compare({"a": World().resolve(), "b": LIMIT.resolve()}, 200).differences["b"]
    mine = runs[1].difference(MEASURES["harm"], runs[0])
    assert mine.mean == pytest.approx(100 * result["catastrophe"].mean)
    assert mine.se == pytest.approx(100 * result["catastrophe"].se)
    later = runs[1].difference(MEASURES["delay"], runs[0])
    assert later.mean * 52 / 12 == pytest.approx(result["delay_cost"].mean)


def test_the_sentence_sets_the_price_beside_the_gain_and_the_table_is_a_file(runs):
    words = compare_runs.sentence(runs, 0)
    assert re.fullmatch(r"Under the same luck B ends in harm in \S+ fewer of 100 futures than A \(± \S+\); .+\.", words)
    assert "later" in words
    assert "One world" in compare_runs.sentence(runs[:1], 0)
    assert "no difference to harm beside A" in compare_runs.sentence([runs[0], runs[0]], 0)
    table = pd.read_csv(io.StringIO(compare_runs.csv(runs, 1)))
    assert list(table["scenario"].unique()) == ["B: Rate limit from the start (week 0)", "A: Can the loop close?"]
    row = table[(table["scenario"].str.startswith("A")) & (table["outcome"] == "catastrophe")].iloc[0]
    assert row["difference"] == pytest.approx(-runs[1].difference(MEASURES["harm"], runs[0]).mean / 100)


def test_every_outcome_is_in_the_long_table_with_its_difference_and_whether_it_is_worse(runs):
    rows = dict(compare_runs.outcome_rows(runs, 0))
    assert list(rows) == [outcome.label for outcome in OUTCOMES.values()]
    for name, outcome in OUTCOMES.items():
        here, there = (Summary.of(run.outcomes[name]) for run in runs)
        gap = Summary.of(runs[1].outcomes[name] - runs[0].outcomes[name])
        base, other = rows[outcome.label]
        assert base == estimate(here, outcome.unit)
        assert other.startswith(f"{estimate(there, outcome.unit)} ({estimate(gap, outcome.unit, sign=True)}")
        assert other.endswith(f", {outcome.verdict(direction(gap))})") or outcome.verdict(direction(gap)) == ""
    assert rows["catastrophe, % of races"][1].endswith(", better)")
    assert rows["cost of delay, weeks"][1].endswith(", worse)")


def test_figures_say_in_words_what_they_draw(runs):
    gap = compare_figures.gap_figure(runs[1], runs[0], "B", compare_figures.limits(runs), 200)
    assert 'role="img"' in gap and "The first lab closes in month" in gap and "base-line" in gap
    assert "base-line" not in compare_figures.gap_figure(runs[0], runs[0], "A", compare_figures.limits(runs), 200)
    trade = compare_figures.trade_figure(runs, ["shipped", "<limit>"], 0, 358)
    assert "&lt;limit&gt;" in trade and "<limit>" not in trade
    assert f"harm in {said.level_words(runs[0].level(MEASURES['harm']))} of 100 futures" in trade


def test_a_single_lab_plays_no_game_and_is_drawn_all_the_same():
    run = compare_runs.with_game(compare_runs.race(World("two-process"), 50, Stop.new()), Stop.new())
    assert run.game == compare_runs.NO_GAME
    assert "Nobody closes." in compare_figures.gap_figure(run, run, "A", compare_figures.limits([run]), 200)
    assert compare_figures.trade_figure([run], ["A"], 0, 300) == ""  # nobody finishes: there is no delay


def test_what_differs_is_said_once_a_parameter():
    rows = dict(changes.differing_words({"A": World(), "B": LIMIT, "C": World().with_policy("speed-limit")}))
    assert rows["rate limit: first week in force"] == "never in A; from the start (week 0) in B and C"
    assert changes.differing_words({"A": World(), "B": World()}) == []


def test_a_pause_spec_survives_its_link_and_its_file():
    shipped = edit.shipped()
    assert edit.kept({}) == shipped and edit.to_keep(shipped) == {}
    changed = edit.with_number(edit.with_number(shipped, "gap", "5"), "unheld", "")
    assert edit.to_keep(changed) == {"spec.gap": "5", "spec.unheld": ""}
    assert edit.kept(edit.to_keep(changed)) == changed
    assert changed.sources["gap"] == edit.YOURS and "unheld" not in changed.conditions
    assert edit.with_number(edit.with_number(changed, "gap", "2"), "unheld", "0.02").values() == shipped.values()
    assert edit.pasted(edit.toml(changed)) == changed
    view = parse("&".join(f"{key}={value}" for key, value in edit.to_keep(changed).items()))
    assert edit.kept(dict(view.more)) == changed


def test_the_shipped_file_is_given_as_it_is_and_a_changed_one_loads(tmp_path):
    name = pause_spec_file.find_specification(edit.SHIPPED)
    assert edit.toml(edit.shipped()) == name.read_text(encoding="utf-8")
    changed = edit.with_number(edit.shipped(), "exposure", "1.5")
    (tmp_path / f"{edit.MINE}.toml").write_text(edit.toml(changed), encoding="utf-8")
    assert pause_spec_file.load_specification(tmp_path / f"{edit.MINE}.toml") == changed


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("blind_share", "2", r"pause_when\.blind_share = 2\.0: must be a number from 0 to 1"),
        ("gap", "much", r"pause_when\.gap = 'much': must be a number from 0"),
        ("weeks", "", r"weeks: must be a number from 0 to 520 weeks"),
        ("danger", "-1", r"danger = -1\.0: must be a number from 0 to 20"),
    ],
)
def test_a_wrong_number_is_named_with_its_range(name, text, message):
    with pytest.raises(ScenarioError, match=message):
        edit.with_number(edit.shipped(), name, text)


def test_the_last_condition_cannot_be_turned_off_and_a_bad_file_is_named():
    only = edit.pasted("[pause_when]\ngap = 3.0")
    with pytest.raises(ScenarioError, match="no condition"):
        edit.with_number(only, "gap", "")
    with pytest.raises(ScenarioError, match="not valid TOML"):
        edit.pasted("gap 3")


def test_the_document_is_the_librarys_and_says_what_counts_mean():
    spec, world = edit.with_number(edit.shipped(), "gap", "5"), LIMIT
    result = next(edit.scores(spec, world, edit.who_is_bound(world, edit.EVERYONE), Stop.new()))
    page = edit.document(result, spec, world, edit.EVERYONE)
    assert "--set governance.rate_limit.start=0" in page and "--all" in page and f"{edit.MINE}.toml" in page
    assert len(edit.meanings(result)) == 2 and all(text.replace("`", "") for text in edit.meanings(result))
    assert edit.who_is_bound(world, "nobody of this name") == (0,)


def test_the_mesa_model_takes_what_the_form_sets():
    fields = mesa_race.form("five-calculators")
    race = mesa_race.MesaRace(**{name: field["value"] for name, field in fields.items()})
    plain = mesa_race.MesaRace("five-calculators")
    for _ in range(20):
        race.step(), plain.step()
    assert race.exposure == plain.exposure and race.week == 20
    assert mesa_race.told(race).startswith("Week 20: ")
    assert mesa_race.MesaRace("five-calculators", winner_share=0.3).p.competition.winner_share == 0.3


browser = pytest.mark.browser
WHOLE = "1,000 futures of each world"


@browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_compare_shows_worlds_differences_and_figures(visit, size):
    page = visit(BOTH, size)
    page.get_by_text(WHOLE).wait_for(timeout=30_000)
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=re.compile("^B")))
    assert re.search(r"\d+ fewer ± \d", row.inner_text())
    page.get_by_role("img", name=re.compile("^The gap in B")).wait_for()
    page.get_by_role("img", name=re.compile("^Harm beside its price")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@browser
def test_compare_is_never_empty_and_a_law_is_added_pinned_and_removed(visit):
    page = visit("compare")
    page.get_by_text(WHOLE).wait_for(timeout=30_000)
    page.get_by_role("button", name="Add: California SB 53").click()
    page.get_by_role("rowheader").filter(has_text="in force: California SB 53").wait_for()
    page.get_by_role("button", name="Pin: B").click()
    page.wait_for_url(lambda url: url.count("pin=") == 2)
    page.get_by_role("button", name="Unpin: A").click()
    page.wait_for_url(lambda url: url.count("pin=") == 1)


@browser
def test_another_baseline_is_kept_in_the_link_and_a_world_opens_in_explore(visit):
    page = visit(BOTH)
    page.get_by_text(WHOLE).wait_for(timeout=30_000)
    page.get_by_role("button", name="Make it the baseline: B").click()
    page.wait_for_url(lambda url: "compare.base=B" in url)
    page.get_by_role("row").filter(has_text="more ±").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the table (CSV)").click()
    assert download.value.suggested_filename == "labsim-compare.csv"
    page.get_by_role("button", name="Open in Explore: A").click()
    page.wait_for_url(lambda url: "/explore" in url and not url.partition("pin=")[0].count("rate_limit"))


@browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_editor_scores_what_is_typed_names_what_is_wrong_and_keeps_the_link(visit, size):
    page = visit("pause-spec", size)
    headline = page.get_by_role("status")
    headline.filter(has_text="would have paused").wait_for(timeout=30_000)
    before = headline.inner_text()
    page.locator("#rule-gap").fill("20")
    page.keyboard.press("Enter")
    page.wait_for_function(
        "b => { const t = document.querySelector('[role=status]').innerText; return t !== b && t.includes('would'); }",
        arg=before,
    )
    page.wait_for_url(lambda url: "spec.gap=20" in url)
    page.locator("#rule-blind_share").fill("2")
    page.keyboard.press("Tab")
    page.get_by_role("alert").filter(has_text="must be a number from 0 to 1").wait_for()
    assert "blind_share" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    again = visit(page.url.split("/", 3)[3], size)
    again.get_by_role("status").filter(has_text="would have paused").wait_for(timeout=30_000)
    assert soon(lambda: again.locator("#rule-gap").input_value() == "20")


@browser
def test_the_editor_gives_files_and_takes_one(visit, tmp_path):
    page = visit("pause-spec?spec.gap=5")
    for name in ("TOML", "Markdown"):
        link = page.get_by_role("link", name=f"Download {name}")
        link.wait_for(timeout=30_000)
        with page.expect_download() as download:
            link.click()
        download.value.save_as(tmp_path / download.value.suggested_filename)
    assert pause_spec_file.load_specification(tmp_path / f"{edit.MINE}.toml").conditions["gap"] == 5.0
    assert "How it scores in the model" in (tmp_path / f"{edit.MINE}.md").read_text(encoding="utf-8")
    page.get_by_text("Start from another file").click()
    box = page.get_by_label("A pause specification, as TOML")
    box.fill("[pause_when]\ngop = 1")
    page.get_by_role("button", name="Use it").click()
    page.get_by_role("alert").filter(has_text="did you mean 'gap'").wait_for()
    box.fill('title = "Ours"\n[pause_when]\ngap = 7')
    page.get_by_role("button", name="Use it").click()
    page.wait_for_url(lambda url: "spec.title=Ours" in url and "spec.gap=7" in url)


@browser
def test_all_labs_can_be_bound(visit):
    page = visit("pause-spec")
    page.get_by_label("Bound by it").select_option("all")
    page.get_by_role("status").filter(has_text="each lab would have paused").wait_for(timeout=30_000)
    page.wait_for_url(lambda url: "spec.who=all" in url)
    page.get_by_text("Its chance to win").wait_for(state="detached")


@browser
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_mesa_view_steps_inside_the_frame(visit, size):
    page = visit("mesa", size)
    page.get_by_role("button", name="Step").click(timeout=30_000)
    page.get_by_text("Week 1: ").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.get_by_role("button", name="Reset").click()
    page.get_by_text("Week 0: ").wait_for()
