"""The command dock: published models, run through the project's own rules, beside what was published.

The models are loaded only when the command is asked for: they need libraries that other commands do not.
"""

import inspect
import shlex
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from labsim.cli.options import FAILED, INTERRUPTED, Json, Quiet, Seed, UsageFault, stoppable

ALL = "all"
Plot = Annotated[Path | None, typer.Option("--plot", help="Draw it along a parameter to this PNG or SVG file.")]


class Docks(TyperGroup):
    """Commands made from the models' declared parameters, one for each."""

    def list_commands(self, ctx: Any) -> list[str]:
        from labsim.docking import DOCKS

        return [ALL, *DOCKS]

    def get_command(self, ctx: Any, name: str) -> Any:
        from labsim.docking import DOCKS, options
        from labsim.scenario.checked import nearest

        if name != ALL and name not in DOCKS:
            known = [ALL, *DOCKS]
            raise UsageFault(f"dock {name}: must be one of {', '.join(known)}{nearest(name, known)}")
        app = typer.Typer(rich_markup_mode=None, add_completion=False)
        app.command(name)(dock_all if name == ALL else command_of(DOCKS[name]))
        made = typer.main.get_command(app)
        declared = options(DOCKS[name]) if name != ALL else {}
        for parameter in made.params:  # what an error says is allowed
            parameter.allowed = declared[parameter.name].allowed if parameter.name in declared else ""
        return made


dock_app = typer.Typer(cls=Docks, invoke_without_command=True, rich_markup_mode=None)


@dock_app.callback()
def dock(ctx: typer.Context, json: Json = False) -> None:
    """Published models as limiting cases: run through this model's rules, beside what was published."""
    if ctx.invoked_subcommand is None:
        from labsim.docking import DOCKS
        from labsim.docking import report as docking_report
        from labsim.show import terminal

        if json:
            terminal.print_json([{"name": n, "title": docking_report.title(d), "source": d.source}
                                 for n, d in DOCKS.items()])  # fmt: skip
        else:
            docking_report.dock_list()


def command_of(dock: Any) -> Callable:
    """The command of one model; its options are the model's declared parameters."""
    from labsim.docking import options
    from labsim.docking.agreement import flag

    def command(**given: Any) -> None:
        own = {name: given.pop(name) for name in options(dock)}
        run_one(dock, own, **given)

    parameters = []
    for name, declared in options(dock).items():
        kind = float | None if declared.default is None else type(declared.default)
        allowed = f" ({declared.allowed})" if declared.allowed else ""
        switch = f"{flag(name)}/--no{flag(name)[1:]}" if declared.default is True else flag(name)
        option = typer.Option(switch, help=f"{declared.meaning}{allowed}")
        parameters.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=declared.default,
                                            annotation=Annotated[kind, option]))  # fmt: skip
    common = {"seed": (0, Seed), "plot": (None, Plot), "json": (False, Json), "quiet": (False, Quiet)}
    parameters += [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
                   for name, (default, annotation) in common.items()]  # fmt: skip
    command.__signature__ = inspect.Signature(parameters)
    command.__doc__ = inspect.getdoc(dock)
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


def run_one(dock: Any, own: dict[str, Any], seed: int, plot: Path | None, json: bool, quiet: bool) -> None:
    """Run one model, print it, draw it."""
    from labsim.docking import make, run
    from labsim.docking import plot as docking_plot
    from labsim.docking import report as docking_report
    from labsim.runs.whole import write_asked
    from labsim.show import plots, terminal

    plots.check_path(plot)
    made = make(dock, own)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task(made.name, total=None, rate="")
        watch = lambda doing: bar.update(task, rate=doing)  # noqa: E731
        docking = run(made, seed, stop=stop, watch=watch)
        points = docking_plot.sweep(docking, seed, stop, watch) if plot and not stop else []
    if stop:
        terminal.tell("labsim: interrupted, nothing to show")
        raise typer.Exit(INTERRUPTED)
    if plot:
        words = typed(docking, seed, plot)
        write_asked("--plot", plot, lambda part: docking_plot.draw(docking, points, part, words))
    terminal.print_json(docking.as_dict()) if json else docking_report.dock_report(docking)
    if docking.agrees is False:
        raise typer.Exit(FAILED)


def typed(result: Any, seed: int, plot: Path) -> str:
    """The command that gives a dock and its picture again."""
    from labsim.docking import options
    from labsim.docking.agreement import flag

    words = ["labsim", "dock", result.dock.name]
    for name, declared in options(type(result.dock)).items():
        value = getattr(result.dock, name)
        if value != declared.default:
            words += [f"--no{flag(name)[1:]}" if value is False else flag(name)]
            words += [] if isinstance(value, bool) else [str(value)]
    return shlex.join([*words, "--seed", str(seed), "--plot", plot.name])


def dock_all(
    out: Annotated[
        Path | None, typer.Option("--out", help="Write the page to this Markdown file, and a picture of each model.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option("--pictures", help="Folder for the pictures (default: `pictures` beside the page).")
    ] = None,
    seed: Seed = 0, json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """All models with their default parameters in one table; with --out, the page and a picture of each."""
    from labsim.docking import DOCKS, make, run
    from labsim.docking import page as docking_page
    from labsim.docking import plot as docking_plot
    from labsim.docking import report as docking_report
    from labsim.runs.whole import after, asked_for, write_asked
    from labsim.show import pages, terminal

    pages.check_path(out)
    if pictures is not None and out is None:
        raise UsageFault(f"--pictures {pictures}: needs --out")
    folder = pictures or (out.parent / "pictures" if out else None)
    if folder is not None:
        new = not folder.exists()
        with asked_for("--pictures" if pictures else "--out", folder):
            folder.mkdir(parents=True, exist_ok=True)
    result, commands = [], []
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("models", total=len(DOCKS), rate="")
        for number, (name, dock) in enumerate(DOCKS.items()):
            watch = lambda doing, name=name: bar.update(task, rate=f"{name}: {doing}")  # noqa: E731
            one = run(make(dock, {}), seed, stop=stop, watch=watch)
            points = docking_plot.sweep(one, seed, stop, watch) if folder and not stop else []
            if stop:
                break
            result.append(one)
            if folder:
                path = folder / docking_page.picture_name(one)
                commands.append(typed(one, seed, path))
                with after(folder if len(result) > 1 else None):
                    write_asked("--out", path, partial(docking_plot.draw, one, points, command=commands[-1]))
            bar.update(task, completed=number + 1)
    if stop:
        terminal.tell(f"labsim: interrupted, {len(result)} of {len(DOCKS)} models are done; no page was written")
        if folder and new and not any(folder.iterdir()):
            folder.rmdir()
    elif out:
        again = shlex.join(["labsim", "dock", ALL, "--seed", str(seed), "--out", out.as_posix()])
        with after(folder):
            pages.write({out: docking_page.page(result, commands, folder, out.parent, again)})
    terminal.print_json([one.as_dict() for one in result]) if json else docking_report.all_report(result)
    if stop:
        raise typer.Exit(INTERRUPTED)
    if any(one.agrees is False for one in result):
        raise typer.Exit(FAILED)
