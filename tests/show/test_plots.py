"""The drawn comparison, read back from its figure: numbers at their places, words that fit and do not overlap."""

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.transforms import Bbox

from labsim.model.outcomes import OUTCOMES
from labsim.runs.comparison import Comparison
from labsim.runs.summary import Summary
from labsim.show.plots import COMPARED, draw_comparison, fitted, letters

MEANS = {"catastrophe": 0.12, "delay_cost": -31.0, "closed_share_end": -0.4, "payoff": 0.03}
FORTY_TWO = "a world whose name has forty two characters"[:42]


def comparison(*others, none=()):
    """A comparison of these scenarios with `base`; no race finishes in those of `none`, so they have no delay."""
    rng, differences = np.random.default_rng(1), {}
    for place, name in enumerate(others):
        differences[name] = {
            key: Summary.of(rng.normal((-0.7) ** place * mean, abs(mean), 50)) for key, mean in MEANS.items()
        }
        if name in none:
            differences[name]["delay_cost"] = Summary()
    return Comparison(["base", *others], 3, 50, "ensemble", {}, differences)


def draw(path, compared):
    """(the figure, {outcome: its panel}) of a comparison that is drawn."""
    figure = draw_comparison(compared, path / "drawn.svg")
    return figure, dict(zip(COMPARED, figure.axes, strict=True))


def words(figure):
    """What is written in a figure, as {words and their place in it: the box they take}, in dots."""
    canvas = FigureCanvasAgg(figure).get_renderer()
    texts = list(figure.texts)
    for axes in figure.axes:
        low, high = axes.get_xlim()
        inside = [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]
        texts += [axes._left_title, *axes.texts, *axes.get_yticklabels(), *inside]
    return {(text.get_text(), id(text)): text.get_window_extent(canvas) for text in texts if text.get_text()}


def test_points_and_bars_stand_where_the_numbers_say(tmp_path):
    compared = comparison("one", "two", "three")
    _, panels = draw(tmp_path, compared)
    for key, axes in panels.items():
        scale = OUTCOMES[key].scale
        zero, *lines = axes.get_lines()
        assert list(zero.get_xdata()) == [0, 0] and zero.get_linewidth() > 0
        assert axes.get_title(loc="left") == OUTCOMES[key].label
        for row, (bar, point) in enumerate(zip(lines[::2], lines[1::2], strict=True)):
            summary = compared.differences[compared.names[1 + row]][key]
            ends = [scale * (summary.mean + way * 1.96 * summary.se) for way in (-1, 1)]
            assert list(bar.get_xdata()) == pytest.approx(ends, rel=1e-12)
            assert list(point.get_xdata()) == pytest.approx([scale * summary.mean], rel=1e-12)
            assert [*bar.get_ydata(), *point.get_ydata()] == [row] * 3
            assert point.get_markersize() > 2 * bar.get_linewidth()  # else the mean is lost in its bar
        assert len(lines) == 2 * 3


def test_every_row_is_named_and_inside_its_panel(tmp_path):
    _, panels = draw(tmp_path, comparison("one", "two", "three"))
    for axes in panels.values():
        assert [label.get_text() for label in axes.get_yticklabels()] == ["one", "two", "three"]
        assert list(axes.get_yticks()) == [0, 1, 2]
        below, above = axes.get_ylim()
        assert 2.5 <= below <= 3 and -1 <= above <= -0.5  # the first is on top; room of half a row or more, not of two
        low, high = axes.get_xlim()
        ends = [x for line in axes.get_lines() for x in line.get_xdata()]
        assert low < min(ends) and max(ends) < high
        assert 0.7 < (max(ends) - min(ends)) / (high - low) < 0.95


def test_a_row_without_a_finished_race_says_so_and_has_no_point(tmp_path):
    _, panels = draw(tmp_path, comparison("one", "two", "three", none=("two",)))
    (said,) = panels["delay_cost"].texts
    assert said.get_text() == "no such race finished" and said.xy == (0, 1)
    assert sorted(y for line in panels["delay_cost"].get_lines()[1:] for y in set(line.get_ydata())) == [0, 0, 2, 2]
    assert all(not axes.texts for key, axes in panels.items() if key != "delay_cost")


@pytest.mark.parametrize("n", [1, 2, 9])
def test_words_are_whole_inside_the_picture_and_apart(tmp_path, n):
    names = [f"base:{FORTY_TWO[:-1]}{k}" for k in range(n)]
    figure, _ = draw(tmp_path, comparison(*names, none=names[:1]))
    boxes, page = words(figure), figure.bbox
    said = {text for text, _ in boxes}
    assert {"Differences from base", "no such race finished", *(name.removeprefix("base:") for name in names)} <= said
    assert any("50 replications, seed 3" in text for text in said)
    for (text, _), box in boxes.items():
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
    for ((one, _), a), ((other, _), b) in itertools.combinations(boxes.items(), 2):
        assert not Bbox.intersection(a, b), f"{one} is written over {other}"


def test_pictures_have_one_width_and_grow_with_their_rows(tmp_path):
    """Rows of a picture are as far apart as two lines of words need, and not three times as far."""
    widths, heights = set(), []
    for n in (1, 2, 9):
        figure, panels = draw(tmp_path, comparison(*(f"world {k}" for k in range(n))))
        widths.add(figure.get_figwidth())
        heights.append(figure.get_figheight())
        axes = panels["payoff"]
        inches = axes.get_position().height * figure.get_figheight() / (axes.get_ylim()[0] - axes.get_ylim()[1])
        assert 2 * 8.5 / 72 < inches < 6 * 8.5 / 72
    assert len(widths) == 1 and heights == sorted(heights)


def test_changes_to_the_reference_stand_alone_in_lines_of_42_characters(tmp_path):
    change = "governance.rate_limit.start=0,governance.rate_limit.min_weeks=12"
    _, panels = draw(tmp_path, comparison(f"base:{change}", "base-and-more", "other:harm.after=2"))
    labels = [label.get_text() for label in panels["payoff"].get_yticklabels()]
    assert labels == ["rate_limit.start=0,\nrate_limit.min_weeks=12", "base-and-more", "other:harm.after=2"]
    _, panels = draw(tmp_path, comparison(FORTY_TWO, FORTY_TWO + "x y"))
    labels = [label.get_text() for label in panels["payoff"].get_yticklabels()]
    assert labels[0] == FORTY_TWO and [len(line) <= 42 for line in labels[1].split("\n")] == [True, True]


def test_changes_stand_alone_when_the_reference_is_changed_too(tmp_path):
    compared = comparison("base:harm.after=2")
    compared.names[0] = "base:harm.rate=0.1"
    _, panels = draw(tmp_path, compared)
    assert [label.get_text() for label in panels["payoff"].get_yticklabels()] == ["harm.after=2"]


@pytest.mark.parametrize(
    ("text", "wide"),
    [("", 0), ("lab", 3), ("\u6771\u4eac", 4), ("\uff21b", 3), ("one\nthree", 5), ("three\n\u6771\u4eac\u90fd", 6)],
)
def test_letters_of_the_east_are_two_wide_and_the_widest_line_counts(text, wide):
    assert letters(text) == wide


@pytest.mark.parametrize("lines", [1, 2])
def test_a_name_that_fits_is_left_as_it_is(lines):
    assert fitted("n" * 18, 18, lines) == "n" * 18
    assert fitted("\u6771" * 9, 18, lines) == "\u6771" * 9


@pytest.mark.parametrize("lines", [1, 2])
@pytest.mark.parametrize("name", ["a laboratory with a long name " * 3, "\u6771\u4eac\u7814\u7a76\u6240" * 8])
def test_a_long_name_is_cut_to_its_lines_and_shows_it(name, lines):
    result = fitted(name, 18, lines)
    assert result.endswith("\N{HORIZONTAL ELLIPSIS}") and result.count("\n") == lines - 1
    assert 12 < letters(result) <= 18
    assert name.startswith(result.split("\n")[0].removesuffix("\N{HORIZONTAL ELLIPSIS}"))
