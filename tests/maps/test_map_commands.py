"""`labsim map` and `labsim tip` as a user meets them: what they print, what they write, how they end."""

import itertools
import json
import os
import signal

import pandas as pd
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from labsim import load
from labsim.cli.main import main
from labsim.games.closure_game import HARMONY, STAG_HUNT
from labsim.maps import regime_map
from labsim.maps.axes import parse_axis
from labsim.maps.plot import draw_map
from labsim.maps.regime_map import Cell, RegimeMap
from labsim.show import terminal

X, Y = "competition.winner_share=0:1:3", "decision.own_harm=0:6:2"
MAP = ("map", "five-calculators", "--x", X, "--y", Y, "--replications", "16", "--seed", "1")
TIP = ("tip", "five-calculators", "--lever", "governance.human_mandate.fine", "--low", "0", "--high", "1",
       "--replications", "16")  # fmt: skip


@pytest.fixture
def labsim(monkeypatch, capsys):
    """Runs a command in this process: (exit code, stdout, stderr)."""

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["labsim", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        return end.value.code, said.out, said.err

    return run


def strict(text):
    """The one JSON value in a text; nan and infinity are refused."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))


def test_a_map_in_words_and_letters(labsim):
    code, out, _ = labsim(*MAP)
    words = " ".join(out.split())
    assert code == 0 and "The closure game of Birch in 'five-calculators'" in words and "Not a forecast" in words
    rows = [line.split()[1:] for line in out.splitlines() if line[:3].strip() in ("6", "0")][:2]
    assert all(len(row) == 3 and set(row) <= set("HSPDC?") for row in rows)
    assert max(map(len, out.splitlines())) <= 80 and "too close to call" in out


def test_a_map_of_an_outcome_in_digits(labsim):
    code, out, _ = labsim(*MAP, "--of", "closed_share")
    assert code == 0 and "Lab-weeks without a human" in out and "9 is" in out
    assert "the error of a cell (95 %) is at most ± " in out
    assert "unknown from one race" in labsim(*MAP, "--of", "closed_share", "--replications", "1")[1]


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_columns_stand_over_their_labels(labsim, n):
    narrow = ("map", "five-calculators", "--x", f"harm.rate=0.001:0.1:{n}:log", "--y", Y, "--replications", "1")
    lines = labsim(*narrow)[1].splitlines()
    row = next(line for line in lines if line.startswith("6  "))
    below = lines[lines.index(row) + 2]
    assert below.split() == ["0.001", "0.1"] and len(row.split()) == n + 1
    assert below.index("0.001") == 3 and len(below) == len(row)


@pytest.mark.parametrize(("columns", "widest"), [(60, 60), (80, 78), (120, 78)])
def test_paragraphs_fit_the_terminal_and_are_wrapped_once(labsim, monkeypatch, columns, widest):
    """No line ends early: the first word of the next one would not have fitted."""
    monkeypatch.setattr(terminal.out, "_width", columns)
    last = labsim(*TIP)[1].split("Its value")[1].splitlines()
    last[0] = f"Its value{last[0]}"
    assert len(last) > 2 and max(map(len, last)) <= widest
    assert all(len(line) + 1 + len(after.split()[0]) > widest for line, after in itertools.pairwise(last))


def test_a_large_map_is_thinned(labsim):
    big = ("map", "five-calculators", "--x", "competition.winner_share=0:1:60", "--y", Y, "--replications", "1")
    code, out, _ = labsim(*big)
    assert code == 0 and "(every 2. column and 1. row)" in out and max(map(len, out.splitlines())) <= 80


def test_a_map_in_json(labsim):
    code, out, _ = labsim(*MAP, "--json", "--focal", "Cedar")
    answer = strict(out)
    assert code == 0 and answer["focal"] == "Cedar" and len(answer["cells"]) == 6 and answer["seed"] == 1
    outcome = strict(labsim(*MAP, "--json", "--of", "winner_closed")[1])
    assert outcome["focal"] is None and set(outcome["cells"][0]) == {"x", "y", "winner_closed", "replications"}


@pytest.mark.parametrize(("ending", "read"), [(".csv", pd.read_csv), (".parquet", pd.read_parquet)])
def test_the_data_of_a_map(labsim, tmp_path, ending, read):
    path = tmp_path / f"map{ending}"
    code, out, _ = labsim(*MAP, "--out", path, "--json")
    table, cells = read(path), strict(out)["cells"]
    assert code == 0 and [*tmp_path.iterdir()] == [path]
    assert table["label"].tolist() == [cell["label"] for cell in cells]
    assert table["last_keeper_mean"].tolist() == pytest.approx(
        [cell["last_keeper"]["mean"] for cell in cells], rel=1e-12
    )


@pytest.mark.parametrize(("ending", "of"), [(".png", "label"), (".svg", "label"), (".svg", "winner_closed")])
def test_the_picture_of_a_map(labsim, tmp_path, ending, of):
    path = tmp_path / f"map{ending}"
    log = ("map", "hassabis-baseline", "--x", "harm.rate=0.001:0.1:3:log", "--y", Y, "--replications", "16", "--of", of)
    assert labsim(*log, "--plot", path)[0] == 0 and [*tmp_path.iterdir()] == [path]
    if ending == ".svg":
        assert path.read_text().startswith("<?xml")


@pytest.mark.parametrize("n", [3, 7, 21])
@pytest.mark.parametrize("share", [0.0, 0.53, 0.97])
def test_the_point_of_the_scenario_is_clear_of_all_words(tmp_path, n, share):
    world = load("five-calculators").with_({"competition.winner_share": share})
    x, y = parse_axis(f"competition.winner_share=0:1:{n}"), parse_axis(f"decision.own_harm=0:6:{n}")
    cells = [Cell(a, b, 64, {}, HARMONY if b > 3.0 else STAG_HUNT) for b in y.values for a in x.values]
    figure = draw_map(RegimeMap(world, x, y, "label", cells, 0, 64, 1, "ensemble", "Birch"), tmp_path / "map.png")
    axes, renderer = figure.axes[0], FigureCanvasAgg(figure).get_renderer()
    place, radius = axes.transData.transform((share, world["decision.own_harm"])), 5.5 * figure.dpi / 72
    point = Bbox([place - radius, place + radius])
    for words in (*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()):
        assert not words.get_window_extent(renderer).overlaps(point), words.get_text()


@pytest.mark.parametrize(
    ("change", "says"),
    [(("--x", "decision.own_harm=0:1:2"), "--x and --y: both are decision.own_harm"),
     (("--x", "competition.winner_share=0:1"), "--x competition.winner_share=0:1: must be PATH=low:high:n"),
     (("--of", "harm"), "outcome 'harm': must be one of catastrophe"),
     (("--of", "catastrophe", "--focal", "Cedar"), "--focal Cedar: says whose game it is; --of catastrophe is an outc"),
     (("--focal", "Elm"), "focal lab 'Elm': must be one of Birch"),
     (("--out", "map.txt"), "--out map.txt: must end in .csv or .parquet"),
     (("--out", "nowhere/map.csv"), "--out nowhere/map.csv: there is no folder nowhere"),
     (("--plot", "map.pdf"), "--plot map.pdf: must end in .png or .svg"),
     (("--engine", "fast"), "--engine fast: must be one of ensemble, mesa"),
     (("--set", "harm.after=-1"), "harm.after = -1: must be a number from 0 to 100")],
)  # fmt: skip
def test_mistakes_end_in_one_line_and_write_nothing(labsim, tmp_path, monkeypatch, change, says):
    monkeypatch.chdir(tmp_path)
    code, out, err = labsim(*MAP, "--plot", "map.png", *change)
    assert code == 2 and says in err and len(err.splitlines()) == 1 and out == ""
    assert not [*tmp_path.iterdir()]


def test_ctrl_c_writes_nothing(labsim, tmp_path, monkeypatch):
    settle = regime_map.settle

    def interrupted(*arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return settle(*arguments)

    monkeypatch.setattr(regime_map, "settle", interrupted)
    code, out, err = labsim(*MAP, "--out", tmp_path / "map.csv", "--plot", tmp_path / "map.png", "--json")
    assert (code, out) == (130, "") and "Traceback" not in err and not [*tmp_path.iterdir()]


# --- tip


def test_a_tipping_point_in_words(labsim):
    code, out, _ = labsim(*TIP)
    words = " ".join(out.split())
    assert code == 0 and "The smallest value at which keeping pays Birch while all others keep: 0." in words
    assert "is not in force in 'five-calculators': here it is, from week 0." in words and "Not a forecast" in words
    assert max(map(len, out.splitlines())) <= 80


def test_a_tipping_point_in_json(labsim):
    code, out, _ = labsim(*TIP, "--json")
    answer = strict(out)
    assert code == 0 and answer["interval"][0] < answer["value"] < answer["interval"][1]


@pytest.mark.parametrize("until", ["closed_share<0", "catastrophe>1", "chicken", "first_closure_week<0"])
def test_where_nothing_does_it_the_answer_is_none(labsim, until):
    arguments = ("tip", "five-calculators", "--lever", "harm.after", "--until", until, "--low", 1, "--high", 2,
                 "--replications", 8)  # fmt: skip
    code, out, _ = labsim(*arguments, "--json")
    answer = strict(out)
    assert code == 0 and answer["value"] is None and answer["interval"] is None and 1 <= answer["best"]["value"] <= 2
    code, out, _ = labsim(*arguments)
    words = " ".join(out.split())
    assert code == 0 and "Nothing from 1 to 2 years makes sure that" in words
    where = {"closed_share<0": ", where closed_share is ", "catastrophe>1": ", where catastrophe is ",
             "chicken": " of the prize.", "first_closure_week<0": ", where first_closure_week is "}  # fmt: skip
    assert where[until] in words and " ± " in words


def test_what_a_label_lacks_is_named(labsim):
    few = ("tip", "five-calculators", "--lever", "harm.after", "--until", "stag hunt", "--low", 0, "--high", 0.01)
    words = " ".join(labsim(*few, "--replications", 16)[1].split())
    assert "where T \N{MINUS SIGN} R, which must be below 0, is +" in words and "% of the prize" in words


def test_a_date_is_looked_for_within_the_race(labsim):
    date = ("tip", "five-calculators", "--lever", "governance.rate_limit.start", "--until", "closers>9")
    answer = strict(labsim(*date, "--replications", 2, "--set", "race.weeks=30", "--json")[1])
    assert (answer["low"], answer["high"]) == (0, 30)


@pytest.mark.parametrize(
    ("change", "says"),
    [(("--until", "kept"), "--until 'kept': must be one of keep, harmony"),
     (("--until", "catastrophe<0.1", "--focal", "Cedar"), "--until catastrophe<0.1 is an outcome"),
     (("--low", "2"), "--low 2: must be below --high 1"),
     (("--lever", "harm.aftr"), "unknown parameter 'harm.aftr'"), (("--replications", "1"), "--replications 1")],
)  # fmt: skip
def test_mistakes_of_a_search_end_in_one_line(labsim, change, says):
    code, out, err = labsim(*TIP, *change)
    assert code == 2 and says in err and len(err.splitlines()) == 1 and out == ""
