"""Commands about rules: pause-spec, policies."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from labsim.cli.options import (
    Engine,
    Jobs,
    Json,
    Name,
    Quiet,
    Replications,
    Seed,
    Set,
    UsageFault,
    With,
    changes_of,
    check_engine,
    scenario_of,
    stoppable,
)


def pause_spec_command(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A pause specification: rsi-cycle, or a TOML file.")],
    scenario: Annotated[str, typer.Option("--scenario", help="The scenario whose lab obeys it.")] = "hassabis-baseline",
    lab: Annotated[str | None, typer.Option("--lab", metavar="NAME", help="Who obeys it (default: first lab).")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="All labs obey it.")] = False,
    replications: Replications = 200, seed: Seed = 0, set_: Set = None, with_: With = None,
    engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[Path | None, typer.Option("--out", help="Write or replace a page of it and its score, .md.")] = None,
    toml: Annotated[bool, typer.Option("--toml", help="Only print the file itself, to start from.")] = False,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """A pause specification that a lab obeys: what it catches, misses, stops for nothing and costs."""
    from labsim.pause_spec import file as pause_spec_file
    from labsim.pause_spec import report as pause_spec_report
    from labsim.pause_spec import score as pause_spec_score
    from labsim.show import pages, terminal

    set_ = changes_of(set_, with_)
    spec = pause_spec_file.load_specification(file)
    if toml:
        if json or out is not None:
            raise UsageFault("--toml: prints the file itself, so neither --json nor --out goes with it")
        sys.stdout.write(pause_spec_file.find_specification(file).read_text(encoding="utf-8-sig"))
        return
    world = scenario_of(scenario, set_)
    labs = pause_spec_file.who_obeys(world, lab, everyone)
    pages.check_path(out)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("with, without, line by line", total=replications, rate="")
        scores = pause_spec_score.score(
            spec, world, labs, replications, seed, check_engine(engine), jobs,
            lambda p: bar.update(task, completed=p.done), stop,
        )  # fmt: skip
    if out is not None:
        who = ["--all"] if everyone else [] if lab is None else ["--lab", lab]
        pause_spec_report.write_document(scores, out, [file, "--scenario", scenario, *who], set_ or [])
    terminal.print_json(scores.as_dict()) if json else pause_spec_report.pause_spec_report(scores, out)


def policies_command(
    scenario: Name = "hassabis-baseline",
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules", metavar="A,B,...", help="Which take part, such as rate_limit,safeguards.debate. Default: all.",
        ),
    ] = None,
    replications: Annotated[int, typer.Option("--replications", min=1, max=100_000, help="Races of each world.")] = 200,
    seed: Seed = 0, set_: Set = None, with_: With = None, engine: Engine = "ensemble", jobs: Jobs = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Write or replace a page of all tables, .md, and a .png beside it.")
    ] = None,
    json: Json = False, quiet: Quiet = False,
) -> None:  # fmt: skip
    """Each governance rule and safeguard in force from week 0, alone and in pairs: what it does to harm and delay.

    Against the scenario as it is, under the same luck. Events are not policy and stay out.
    """
    from labsim.policy import page as policies_page
    from labsim.policy import policies
    from labsim.policy import report as policies_report
    from labsim.show import pages, terminal

    set_ = changes_of(set_, with_)
    world = scenario_of(scenario, set_)
    names = None if rules is None else [name.strip() for name in rules.split(",") if name.strip()]
    pages.check_path(out)
    with stoppable() as stop, terminal.progress_bar(quiet) as bar:
        task = bar.add_task("rules alone, then pairs", total=None, rate="")
        comparison = policies.policies(
            world, names, replications, seed, check_engine(engine), jobs,
            lambda p: bar.update(task, completed=p.done, total=p.total), stop,
        )  # fmt: skip
    if out is not None:
        policies_page.write(comparison, out, scenario, set_ or [])
    terminal.print_json(comparison.as_dict()) if json else policies_report.policies_report(comparison, out)
