"""What all commands share: options, exit codes, the user's mistakes, the scenario that was asked for."""

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Annotated, Any

import typer

OK, FAILED, INVALID, SOME_FAILED, INTERRUPTED = 0, 1, 2, 3, 130
PLACES = ("--out", "--plot", "--pictures", "--resume")  # options that take the path of what is written
Json = Annotated[bool, typer.Option("--json", help="Print one JSON value on stdout, nothing else.")]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**62, help="The luck: same seed, same result.")]
Replications = Annotated[int, typer.Option("--replications", min=1, max=100_000_000, help="Races to run.")]
Name = Annotated[str, typer.Argument(help="A shipped scenario (see `labsim list`) or a TOML file.", metavar="SCENARIO")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a parameter, 'LAB cycle.review' of one lab, '* cycle.review' of every lab, 'LAB strategy' or "
        "'LAB archetype'. May be repeated.",
    ),
]
With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="NAME",
        help="Put a policy, commitment or worldview in force (see `labsim list worldviews`). May be repeated.",
    ),
]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, max=1024, help="Threads (default: all cores).")]
Engine = Annotated[str, typer.Option("--engine", help="ensemble (compiled, many at once) or mesa (plain Python).")]
Focal = Annotated[str | None, typer.Option("--focal", metavar="LAB", help="Whose game it is (default: the first lab).")]
Quiet = Annotated[bool, typer.Option("--quiet", help="No progress, no remarks.")]


class UsageFault(ValueError):
    """A mistake of the user on the command line: one line, exit 2."""


def changes_of(set_: list[str] | None, with_: list[str] | None) -> list[str]:
    """The changes of --with and --set as those of --set alone."""
    return [*(f"with={name}" for name in with_ or []), *(set_ or [])]


def scenario_of(name: str, changes: list[str] | None, one_of_many: bool = False, quiet: bool = False) -> Any:
    """The scenario named, with the changes of --set; what of them moves nothing is said. Raises ScenarioError."""
    from labsim.scenario.changes import with_texts  # late: the command line starts fast
    from labsim.scenario.files import opened

    scenario = with_texts(opened(name), changes or [])
    if not quiet:
        warn(scenario.remarks(), f"{name}: " if one_of_many else "")
    return scenario


def warn(remarks: Sequence[str], of: str = "") -> None:
    """Say on stderr, whether remarks are wanted or not, that an answer is not of what seems to be asked."""
    from labsim.show import terminal

    for text in remarks:
        terminal.tell(f"warning: {of}{text}")


def remark_if_unfinished(folder: Any) -> None:
    """Say on stderr, of a run folder that was read, that the run did not come to its end."""
    from labsim.runs.folder import unfinished
    from labsim.show import terminal

    if rest := unfinished(folder):
        terminal.tell(f"{folder}: the run is not finished: {rest}")


def written_in_python(name: str, changes: list[str] | None) -> str:
    """The scenario named, with the changes of --set, as Python has it."""
    loaded = f"labsim.load({name!r})"
    return f"labsim.scenario.changes.with_texts({loaded}, {changes!r})" if changes else loaded


def end_if_failed(failed: Sequence[Mapping[str, Any]], tried: int) -> None:
    """Where replications failed, say how many and how to have the first again, and end with the exit code for it."""
    if failed:
        tell_failed(failed, tried)
        raise typer.Exit(SOME_FAILED)


def end_if_left_out(words: str) -> None:
    """Where races failed and are left out of the answer, say these words, and end with the exit code for it."""
    from labsim.show import terminal

    if words:
        terminal.tell(f"labsim: {words}")
        raise typer.Exit(SOME_FAILED)


def tell_failed(failed: Sequence[Mapping[str, Any]], tried: int) -> None:
    """Say on stderr that replications failed, and how to have the first again; said with --quiet too."""
    from labsim.runs.results import failed_words
    from labsim.show import terminal

    if failed:
        terminal.tell(f"labsim: {failed_words(failed, tried)}")


def check_engine(engine: str) -> str:
    """An engine's name, checked. Raises UsageFault."""
    from labsim.runs.experiment import ENGINES

    if engine not in ENGINES:
        raise UsageFault(f"--engine {engine}: must be one of {', '.join(ENGINES)}")
    return engine


@contextlib.contextmanager
def on_interruption(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Handle Ctrl-C, and what a scheduler or a closed terminal sends: SIGINT, SIGTERM, SIGHUP.

    A SIGHUP that is ignored stays ignored: that is what `nohup` is for.
    """
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # no SIGHUP on Windows
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) == signal.SIG_IGN):
            before[number] = signal.signal(number, handler)
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, signal.SIG_DFL if earlier is None else earlier)


@contextlib.contextmanager
def stoppable():
    """A stop flag that the first interruption sets; the second one ends the program."""
    from labsim.engines.ensemble import Stop

    stop = Stop.new()

    def interrupt(number: int, frame: Any) -> None:
        if stop:
            raise KeyboardInterrupt
        stop.set()

    with on_interruption(interrupt):
        yield stop


def is_given(context: typer.Context, name: str) -> bool:
    """Whether an option was typed, not left to its default."""
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def check_words(words: Sequence[str]) -> None:
    """Refuse what no command can take: bytes that are no text, and nothing where a path must be. Raises UsageFault."""
    for word in words:
        try:
            word.encode()
        except UnicodeEncodeError:
            raise UsageFault(f"{word!a}: is not a text in this system's encoding, UTF-8") from None
    for option, value in pairwise([*words, "-"]):
        name, equals, given = option.partition("=")
        if name in PLACES and not (given if equals else value):
            raise UsageFault(f"{name}: needs a path, not an empty text")


def words_typed() -> str:
    """The command as it was typed."""
    import shlex

    return shlex.join(["labsim", *sys.argv[1:]])


@contextlib.contextmanager
def printed(folder: Any) -> Iterator[None]:
    """Where an answer cannot be printed, say that its run folder, if there is one, is written. Raises HalfWritten."""
    from labsim.runs.whole import HalfWritten, reason

    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:  # a reader that has seen enough
        raise
    except OSError as error:
        if folder is None:
            raise
        raise HalfWritten(f"the answer cannot be printed: {reason(error)}; the run is in {folder}") from None


def check_focal(focal: str | None, wanted: bool, option: str) -> None:
    """--focal says whose game it is: refused where no game is asked about. Raises UsageFault."""
    if focal is not None and not wanted:
        raise UsageFault(f"--focal {focal}: says whose game it is; {option} is an outcome, which is of all labs")


def command_words(command: str, scenario: str, changes: list[str] | None, options: dict[str, Any]) -> str:
    """A command as it could be typed again; options that were not given are left out."""
    import shlex

    given = [word for name, value in options.items() if value is not None for word in (name, str(value))]
    sets = [word for change in changes or [] for word in ("--set", change)]
    return shlex.join(["labsim", command, scenario, *sets, *given])
