"""The report: one page that stands alone, with the numbers of a run."""

import dataclasses
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import labsim
from labsim.cli.main import main
from labsim.games.plot import draw_schelling
from labsim.model.outcomes import OUTCOMES
from labsim.reports import figures
from labsim.reports import page as report_page
from labsim.reports import report as module
from labsim.reports.report import report_of, report_of_run
from labsim.reports.svg import themed
from labsim.scenario.checked import UNPRINTABLE, LabSpec
from labsim.show.numbers import number
from labsim.show.words import NOT_A_FORECAST
from tests.run_folders import change_manifest, seal

FIVE = labsim.load("five-calculators")
FIGURES = ("gap", "closures", "twins", "schelling", "tornado")
VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """A page taken apart: its tags with their attributes, and whether they are nested as they must be."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def called(monkeypatch, capsys, *options):
    """(exit code, stdout, stderr) of `labsim`, in this process."""
    monkeypatch.setattr(sys, "argv", ["labsim", *map(str, options)])
    with pytest.raises(SystemExit) as end:
        main()
    printed = capsys.readouterr()
    return end.value.code, printed.out, printed.err


def page_of(result):
    return report_page.html(result, Path("page.html"))


@pytest.fixture(scope="module")
def small():
    return report_of(FIVE, "five-calculators", replications=12)


@pytest.fixture(scope="module")
def page(small):
    return page_of(small)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A run with a drawn parameter, in a folder."""
    from labsim.cli.streaming import run_to_folder
    from labsim.engines.ensemble import Stop

    drawn = {"harm.rate": {"dist": "loguniform", "low": 0.001, "high": 0.1}}
    world = dataclasses.replace(FIVE, name="drawn", uncertainties=drawn)
    folder = tmp_path_factory.mktemp("runs") / "one"
    results = run_to_folder(world, 12, 5, "ensemble", None, "sobol", folder, True, Stop.new(), 2)
    return folder, results


def test_the_page_needs_nothing_else(page):
    loaded = re.sub(r'<a href="https://[^"]+">', "", page)  # a reader may follow the sources' links; nothing is fetched
    assert loaded != page and "://" not in loaded and page.count("<!doctype html>") == 1
    assert set(re.findall(r"url\((\w+:)?", page)) <= {"data:", ""}
    for tag, attributes in Page(page).tags:
        assert attributes.get("src", "#").startswith("#")
        assert attributes.get("href", "#").startswith(("#", "https://") if tag == "a" else "#")
    assert not {"link", "img", "iframe"} & {tag for tag, _ in Page(page).tags}


def test_every_figure_has_words_both_widths_and_a_source_line(small, page):
    result = Page(page)
    assert len(result.all("figure")) == len(FIGURES)
    drawings = [a for a in result.all("svg")]
    assert len(drawings) == 2 * len(FIGURES)
    assert all(a["role"] == "img" and len(a["aria-label"]) > 60 for a in drawings)
    assert len(re.findall(r'<div class="source">labsim .*, seed 0\. ' + re.escape(NOT_A_FORECAST), page)) == len(
        FIGURES
    )


def test_ids_are_not_shared_between_drawings(page):
    ids = [attributes["id"] for tag, attributes in Page(page).tags if attributes.get("id") and tag == "clippath"]
    assert ids and len(set(ids)) == len(ids)


def test_drawings_follow_the_theme(page):
    drawn = "".join(re.findall(r"<svg.*?</svg>", page, flags=re.S))
    assert "var(--ink)" in drawn and "var(--kept)" in drawn and "var(--closed)" in drawn
    colours = set(re.findall(r"#[0-9a-fA-F]{6}\b", drawn))
    assert colours <= {"#000000", "#ffffff"}, colours
    assert themed("font: 9px 'DejaVu Sans'; fill: #1d2126") == "font-size: 9px; fill: var(--ink)"
    assert all(colour in page for colour in ("--paper: #FBF9F5", "--paper: #15181B"))


def test_the_numbers_are_those_of_a_run(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    options = ("hassabis-baseline", "--replications", 12, "--seed", 3, "--set", "cycle.review=1.5")
    code, printed, _ = called(monkeypatch, capsys, "report", *options, "--out", "x.html", "--json")
    report, run = json.loads(printed), json.loads(called(monkeypatch, capsys, "run", *options, "--json")[1])
    assert code == 0 and {key: report[key] for key in run} == run
    game = json.loads(called(monkeypatch, capsys, "game", *options, "--json")[1])
    assert report["game"] == game
    text = Path("x.html").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    for name in OUTCOMES:
        unit = OUTCOMES[name].unit
        row = re.search(rf'<tr id="outcome-{name}">(.*?)</tr>', text)[1]
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", row)
        levels = [run["twins_levels"]["all_keep"], run["outcomes"], run["twins_levels"]["all_remove"]]
        for cell, level in zip(cells[1:4], levels, strict=True):
            mean, se = level[name]["mean"], level[name]["se"]
            half = "" if se is None else f" ± {number(1.96 * se, unit)}"
            assert cell == ("none" if mean is None else f"{number(mean, unit)}{half}")
    for effect in report["assumptions"][:10]:
        row = re.search(rf'<tr id="effect-{effect["path"]}">(.*?)</tr>', text)[1]
        for end in ("at_low", "at_high"):
            assert number(effect[end]["mean"], "%", sign=True) in row
    assert "cycle.review=1.5" in text


def test_the_answer_is_two_sentences_with_intervals(small, page):
    first, second = report_page.answer_in_two(small)
    text = page.replace("\N{NO-BREAK SPACE}", " ").replace("&#39;", "'")
    assert f'<p class="answer">{first}</p>' in text and f'<p class="answer">{second}</p>' in text
    assert all(t.endswith(".") and " ± " in t for t in (first, second))
    assert "Birch" in second and small.effects[0].moved.words in second


def test_a_page_is_the_same_every_time(small, page):
    assert page_of(small) == page


def test_one_lab_plays_no_game():
    result = report_of(labsim.load("two-process"), "two-process", replications=4)
    text = page_of(result)
    assert result.game is None and "Which game" not in text and result.as_dict()["game"] is None
    answer, *_ = report_page.answer_in_two(result)  # of a world without harm, what its question is about
    assert "after 20.0 ± 0.00 weeks capability less alignment is 11.7" in answer and "of 100 futures" not in answer
    assert len(Page(text).all("figure")) == len(report_page.figures(result)) >= 3


def test_a_world_in_which_nobody_removes_and_nothing_matters():
    never = {"harm.rate": {"dist": "choice", "values": [0.0]}}
    world = dataclasses.replace(FIVE.with_strategy("keeper"), uncertainties=never)
    result = report_of(world, "five-calculators", replications=4)
    text = page_of(result)
    assert "None of them changes harm here." in text and "of 100" in text
    assert all(c.weeks == {} and c.share == 0 for c in result.closures) and "never" in text
    json.dumps(result.as_dict(), allow_nan=False)


def test_a_value_outside_the_range_that_is_likely_is_remarked():
    world = FIVE.with_({"cycle.review": 9.0, "cycle.machine": 3.0, "harm.rate": 0.0301, "race.information": "secret"})
    rows = {row["path"]: row["unlikely"] for row in report_page.differences(report_of(world, "x", replications=2))}
    assert rows["cycle.review"] == "outside the likely 0 to 6" and rows["harm.rate"].startswith("outside the likely")
    assert rows["cycle.machine"] == rows["race.information"] == ""


def test_who_closes_when_is_read_off_each_race(small):
    race = labsim.run(FIVE, 12)
    assert sum(c.share for c in small.closures) == pytest.approx(race.outcomes["closers"].mean())
    first = min(c.weeks["q05"] for c in small.closures if c.weeks)
    assert first >= race.outcomes["first_closure_week"].min()


def test_claims_are_put_to_the_model():
    harm = {"outcome": "catastrophe", "direction": "higher", "replications": 40}
    expect = (
        {"claim": "There is <some> harm.", "than": 0.01, **harm},
        {"claim": "Nearly always.", "than": 0.9, **harm},
        {"claim": "Always.", "than": 0.9, **harm, "status": "contradicted",
         "found": {"direction": "lower", "than": 0.9}, "finding": "Not always."},
    )  # fmt: skip
    world = dataclasses.replace(FIVE, expect=expect, title="<script>alert(1)</script>")
    result = report_of(world, "five-calculators", replications=4)
    text = page_of(result)
    assert "<b>passed</b>There is &lt;some&gt; harm." in text and "<b>failed</b>Nearly always." in text
    assert "<b>passed</b>Always. <i>The model contradicts this: Not always.</i>" in text
    assert [c["verdict"] for c in result.as_dict()["expect"]] == ["passed", "failed", "passed"]
    assert "<script>alert" not in text and "&lt;script&gt;alert(1)" in text


def test_without_expectations_there_is_no_such_section(page):
    world = dataclasses.replace(FIVE, expect=())
    assert "What was expected" in page
    assert "What was expected" not in page_of(report_of(world, "five-calculators", replications=4))


def test_a_stored_run_is_shown_as_it_was_stored(stored):
    folder, results = stored
    result = report_of_run(folder)
    assert result.results.as_dict() == results.as_dict()
    assert result.results.seed == 5 and result.scenario.name == "drawn"
    text = page_of(result)
    assert "those of a stored run" in text and "Computed anew for this page" in text and "another version" not in text
    assert result.provenance == json.loads((folder / "manifest.json").read_text())
    assert result.provenance["scenario_hash"] in text and "sobol" in text
    assert "<code>harm.rate</code> (dist loguniform" in text
    assert sum(c.share for c in result.closures) == pytest.approx(results.summaries["closers"].mean)


def test_a_run_of_another_model_says_so(stored, tmp_path):
    import shutil

    shutil.copytree(stored[0], tmp_path / "old")
    change_manifest(tmp_path / "old", model="another")
    assert "made by another version of the model" in page_of(report_of_run(tmp_path / "old"))


def test_the_file_is_replaced_and_with_json_only_written_where_asked(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "five-calculators-report.html").write_text("old")
    code, printed, _ = called(monkeypatch, capsys, "report", "five-calculators", "--replications", 4)
    assert code == 0 and "Written: five-calculators-report.html" in printed
    assert (tmp_path / "five-calculators-report.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    code, printed, _ = called(monkeypatch, capsys, "report", "two-process", "--replications", 4, "--json")
    assert code == 0 and json.loads(printed)["scenario"] == "two-process"
    assert [file.name for file in tmp_path.iterdir()] == ["five-calculators-report.html"]


@pytest.mark.parametrize(
    ("options", "says"),
    [(("five-calculator",), "did you mean 'five-calculators'"), (("five-calculators", "--out", "x.pdf"), "must end in"),
     (("five-calculators", "--out", "nowhere/x.html"), "there is no folder"),
     (("five-calculators", "--replications", "1"), "--replications"), (("empty",), "not a run folder"),
     (("five-calculators", "--set", "harm.rates=1"), "did you mean 'harm.rate'"),
     (("empty", "--seed", "1"), "has its own seed"), (("empty", "--set", "harm.rate=1"), "has its own seed"),
     (("empty", "--replications", "5"), "a run has its own seed")],
)  # fmt: skip
def test_bad_input_is_named_and_nothing_is_written(monkeypatch, capsys, tmp_path, options, says):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    code, printed, said = called(monkeypatch, capsys, "report", *options)
    assert (code, printed) == (2, "") and says in said and len(said.splitlines()) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["empty"]


def test_a_damaged_run_is_named(stored, tmp_path):
    import shutil

    import pandas as pd

    shutil.copytree(stored[0], tmp_path / "run")
    runs = pd.read_parquet(tmp_path / "run" / "runs.parquet")
    runs.drop(columns="all_keep.payoff").to_parquet(tmp_path / "run" / "runs.parquet")
    with pytest.raises(labsim.ScenarioError, match=r"runs\.parquet: was altered"):
        report_of_run(tmp_path / "run")
    seal(tmp_path / "run")
    with pytest.raises(labsim.ScenarioError, match=r"runs\.parquet: has no column 'all_keep\.payoff'"):
        report_of_run(tmp_path / "run")
    runs.head(0).to_parquet(tmp_path / "run" / "runs.parquet")
    seal(tmp_path / "run")
    with pytest.raises(labsim.ScenarioError, match="holds 0 replications"):
        report_of_run(tmp_path / "run")


def test_a_stop_is_obeyed():
    from labsim.engines.ensemble import Stop

    stop = Stop.new()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        report_of(FIVE, "five-calculators", replications=4, stop=stop)


def test_progress_names_each_part_and_reaches_its_end():
    told = {}
    report_of(
        FIVE, "five-calculators", replications=4, tell=lambda what, done, total: told.update({what: (done, total)})
    )
    assert list(told) == ["five-calculators and its twins", module.GAME, module.ASSUMPTIONS, module.CLAIMS]
    assert all(done == total > 0 for done, total in told.values())


def test_many_labs_that_differ_have_a_matrix_and_no_diagram():
    labs = tuple(LabSpec(f"Lab {k}", values={"decision.own_harm": 1.0 + k / 10}) for k in range(14))
    result = report_of(dataclasses.replace(FIVE, labs=labs), "many", replications=2)
    assert "schelling" not in report_page.figures(result) and "the better reply" in page_of(result)


@pytest.mark.browser
@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_in_a_browser_nothing_is_cut_off_or_asked_for(browser, page, tmp_path, width, height):
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    context = browser.new_context(viewport={"width": width, "height": height})
    sheet, complaints, asked = context.new_page(), [], []
    sheet.on("console", lambda message: complaints.append(message.text))
    sheet.on("request", lambda request: asked.append(request.url))
    sheet.goto((tmp_path / "page.html").as_uri())
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width
    shown = sheet.evaluate("[...document.querySelectorAll('figure svg')].filter(s => s.checkVisibility()).length")
    outside = sheet.evaluate(
        "[...document.querySelectorAll('figure svg text')].filter(t => t.checkVisibility()).filter(t => {"
        " const r = t.getBoundingClientRect(); return r.left < 0 || r.right > innerWidth; }).map(t => t.textContent)"
    )
    assert (shown, outside, complaints) == (len(FIGURES), [], [])
    assert {url.partition(":")[0] for url in asked} <= {"file", "data"}
    context.close()


NAMES_OF_LABS = st.text(st.characters(exclude_categories=UNPRINTABLE), min_size=1, max_size=200).filter(str.strip)
AWKWARD = [
    "$x_$", "$$", "$\\frac{$", "National Laboratory for Advanced Research into Safety", "_Birch", "W" * 200, "a" * 41,
    "\u202eBirch", "北京" * 30, "😀" * 20, "<b>&amp;", "\u00a0a", "%d {x}", "\\", "^_{}",
]  # fmt: skip


@settings(max_examples=15, deadline=None, derandomize=True)
@given(st.lists(NAMES_OF_LABS | st.sampled_from(AWKWARD), min_size=5, max_size=5, unique=True))
def test_labs_may_have_any_name(small, tmp_path_factory, names):
    """Each figure with a lab's name in it is drawn, as SVG in a page and as PNG."""
    renamed = [dataclasses.replace(row, lab=name) for row, name in zip(small.closures, names, strict=True)]
    game = dataclasses.replace(small.game, closure=dataclasses.replace(small.game.closure, focal=names[0]))
    drawn = figures.closures(dataclasses.replace(small, closures=renamed))
    for svg in (drawn.wide, drawn.narrow):
        words = "".join(ElementTree.fromstring(svg).itertext())
        for name in names:
            assert "".join(name.split())[:3] in "".join(words.split())
    draw_schelling(game, tmp_path_factory.mktemp("game") / "game.png", f"labsim game '{names[1]}.toml'")


def test_what_no_picture_can_hold_becomes_a_mark(small, tmp_path):
    """A file's name is in the title, and may be of any bytes."""
    strange = dataclasses.replace(small.game.closure, scenario="a\x07b\udcff\uffff")
    game = dataclasses.replace(small.game, closure=strange)
    figure = draw_schelling(game, tmp_path / "game.svg", "labsim game")
    assert ElementTree.parse(tmp_path / "game.svg").getroot().tag.endswith("svg")
    assert any(text.get_text().startswith("a\ufffdb\ufffd\ufffd: ") for text in figure.texts)


def test_a_report_of_a_run_says_what_its_command_warned_of(cli, tmp_path):
    asked = ["--set", "decision.own_harm=8", "--replications", "2", "--engine", "mesa", "--quiet"]
    _, _, first = cli("run", "hassabis-baseline", *asked, "--out", str(tmp_path / "a"))
    _, _, again = cli("report", str(tmp_path / "a"), "--out", str(tmp_path / "page.html"), "--quiet")
    assert "Birch, Hazel, Alder keep their own" in first and first == again


def test_the_fan_that_is_drawn_has_the_quantiles_that_its_legend_says(small, monkeypatch):
    """The bands' edges, read back from the picture, are those of the stored weeks; so is the line of the median."""
    table = small.results.fan
    true = table[(table["quantity"] == "exposure") & (table["n"] >= figures.RUNNING * small.results.replications)]
    monkeypatch.setattr(figures, "picture", lambda name, alt, draw: draw)
    (axes,) = figures.gap(small)(6.8).axes
    bands = {band.get_label(): band.get_paths()[0].vertices for band in axes.collections}
    for label, low, high in (("90 of 100 futures", "q05", "q95"), ("50 of 100 futures", "q25", "q75")):
        seen = bands[label]
        for week, *ends in true[["week", low, high]].itertuples(index=False):
            assert (seen[seen[:, 0] == week, 1].min(), seen[seen[:, 0] == week, 1].max()) == pytest.approx(ends)
    median = next(line for line in axes.lines if line.get_label() == "true gap, median")
    assert median.get_ydata() == pytest.approx(true["q50"].to_numpy())
