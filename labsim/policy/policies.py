"""Every governance rule and every safeguard in force from week 0: alone, and all pairs, under the same luck.

Events are not policy and stay out. A rule has the values that the scenario gives it (its defaults, unless
the scenario or --set says otherwise) and holds from week 0 on without end, a safeguard for all labs,
whatever dates the scenario has for them. Where that changes nothing, because the scenario has the rule in
force in just this way, the rule is left out: it is part of every world compared.
"""

import dataclasses
import itertools
import os
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from labsim.engines.ensemble import Stop
from labsim.model.outcomes import OUTCOMES
from labsim.model.week import EVENT, imposed
from labsim.policy.results import COMPARED, Policies
from labsim.runs.experiment import BLOCK, Progress, in_order, tracer, usable_engine
from labsim.scenario import sampling
from labsim.scenario.checked import ScenarioError, nearest
from labsim.scenario.scenario import Scenario


def known_rules() -> list[str]:
    """The paths of all that can be put in force but events, in the order of the week."""
    return [f"{kind}.{name}" for kind, name, _ in imposed() if kind != EVENT]


def chosen(names: Iterable[str] | None = None) -> list[str]:
    """The paths of the rules named, by path or by the last part of it, in the order of the week; by default all.

    Raises ScenarioError.
    """
    known = known_rules()
    if names is None:
        return known
    result: list[str] = []
    for name in names:
        fits = [path for path in known if name in (path, path.rpartition(".")[2])]
        if len(fits) > 1:
            raise ScenarioError(f"rules: {name!r}: could be {' or '.join(fits)}")
        if not fits:
            events = [f"{kind}.{event}" for kind, event, _ in imposed() if kind == EVENT]
            if any(name in (path, path.rpartition(".")[2]) for path in events):
                raise ScenarioError(f"rules: {name!r}: is an event, which no policy puts in force")
            words = [*known, *(path.rpartition(".")[2] for path in known)]
            hint = nearest(name, words) or "; all are in `labsim list rules`"
            raise ScenarioError(f"rules: {name!r}: must be a governance rule or a safeguard{hint}")
        if fits[0] in result:
            raise ScenarioError(f"rules: '{fits[0]}' is named twice")
        result += fits
    if not result:
        raise ScenarioError("rules: needs at least one")
    return sorted(result, key=known.index)


def put_in_force(scenario: Scenario, rules: Sequence[str]) -> Scenario:
    """The scenario with these rules (paths) in force from week 0 on without end, for all labs."""
    dates = {f"{rule}.{edge}": value for rule in rules for edge, value in (("start", 0), ("stop", None))}
    world = scenario.with_paths(dates)
    if world.labs is None:
        return world
    own = [{path: value for path, value in lab.values.items() if path not in dates} for lab in world.labs]
    labs = (dataclasses.replace(lab, values=values) for lab, values in zip(world.labs, own, strict=True))
    return dataclasses.replace(world, labs=tuple(labs))


def policies(
    scenario: Scenario, rules: Iterable[str] | None = None, replications: int = 200, seed: int = 0,
    engine: str = "ensemble", jobs: int | None = None, progress: Callable[[Progress], None] | None = None,
    stop: Stop | None = None,
) -> Policies:  # fmt: skip
    """The scenario as it is, with each of the rules (see `chosen`), and with each pair of them, under the same luck.

    Of each race only what is compared is kept: `results.COMPARED`. Raises ScenarioError;
    KeyboardInterrupt if `stop` was set meanwhile.
    """
    asked, stop = chosen(rules), Stop.new() if stop is None else stop
    if replications < 1:
        raise ScenarioError(f"policies: replications = {replications}: must be at least 1")
    already = [rule for rule in asked if put_in_force(scenario, [rule]) == scenario]
    names = [rule for rule in asked if rule not in already]
    if not names:
        raise ScenarioError(f"policies: '{scenario.name}' has {', '.join(already)} in force from week 0 already")
    engine = usable_engine(engine)
    jobs = jobs or (os.cpu_count() or 1 if engine == "ensemble" else 1)
    trace, sampled = tracer(engine), sampling.draw(scenario, seed, replications)
    worlds = [(), *((name,) for name in names), *itertools.combinations(names, 2)]

    def work(place: int) -> dict[str, np.ndarray] | None:
        world, finals = put_in_force(scenario, worlds[place]) if worlds[place] else scenario, []
        for first in range(0, replications, BLOCK):
            count = min(BLOCK, replications - first)
            mine = {path: values[first : first + count] for path, values in sampled.items()}
            finals.append(trace(world, first, count, seed, (), (), 0, mine, stop=stop)[0])
        return None if stop else {
            name: np.concatenate([OUTCOMES[name].function(final) for final in finals]) for name in COMPARED
        }

    result = {}
    for place, values in enumerate(in_order(work, range(len(worlds)), jobs, stop)):
        result[worlds[place]] = values
        if progress:
            progress(Progress((place + 1) * replications, len(worlds) * replications))
    if stop:
        raise KeyboardInterrupt
    return Policies.of(scenario, names, already, seed, replications, engine, result)
