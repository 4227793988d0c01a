"""The WebAssembly module gives the bits of the native engine: in wasmtime, and in a browser."""

import base64

import numpy as np
import pytest

from labsim.engines import ensemble, wasm
from labsim.engines.layout import PARAMETERS, layouts
from tests.engine_worlds import worlds
from tests.engines import wasm_bits
from tests.engines.wasm_bits import RACES, both, image, measured, native, to_measure

IN_A_PAGE = """
([module, images, entry]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const compiled = new WebAssembly.Module(bytes(module));
  return images.map(([content, given_to, at, size]) => {
    const given = bytes(content);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(given.length / 65536) + 1 });
    new Uint8Array(memory.buffer).set(given);
    new WebAssembly.Instance(compiled, { env: { __linear_memory: memory } }).exports[entry](...given_to);
    return btoa(String.fromCharCode(...new Uint8Array(memory.buffer, at, size)));
  });
}
"""


@pytest.fixture(scope="module")
def module():
    """The module as it ships."""
    return wasm.built()


def test_it_needs_memory_and_nothing_else(module):
    import wasmtime

    compiled = wasmtime.Module(wasmtime.Engine(), module.content)
    assert [(one.module, one.name) for one in compiled.imports] == [("env", "__linear_memory")]
    assert [one.name for one in compiled.exports] == [wasm.ENTRY, wasm.MEASURE]
    assert len(module.content) < 150_000  # it goes to browsers


@pytest.mark.parametrize(("segments", "end"), [
    ([], 0), ([(0, b"abc")], 3), ([(16, b"abc"), (64, bytes(200))], 264), ([(70_000, b"x" * 130), (8, b"y")], 70_130),
])  # fmt: skip
def test_memory_is_free_behind_the_modules_own_data(segments, end):
    number = wasm._number
    parts = [b"\0\x41" + number(place) + b"\x0b" + number(len(data)) + data for place, data in segments]
    content = number(len(segments)) + b"".join(parts)
    assert wasm._data_end(bytes(8) + bytes([wasm.DATA]) + number(len(content)) + content) == end


def test_data_that_are_not_placed_by_a_constant_are_refused():
    content = b"\x01\0\x23\0\x0b\x01x"  # by a global
    with pytest.raises(AssertionError):
        wasm._data_end(bytes(8) + bytes([wasm.DATA, len(content)]) + content)


@pytest.mark.parametrize("lanes", [1, 2, 8, 16])
def test_every_engine_world_has_the_native_bits(lanes, capsys):
    count = len(worlds()) if lanes == wasm.FEW else 6
    assert wasm_bits.check(count, lanes, 5) == 0, capsys.readouterr().out


@pytest.mark.slow
def test_many_worlds_have_the_native_bits(capsys):
    assert wasm_bits.check(250, wasm.FEW, 1) == 0, capsys.readouterr().out


def test_a_bit_that_differs_is_seen(module):
    scenario = worlds()["hassabis-baseline"]
    inside = wasm_bits.InWasmtime(module)
    assert inside.run(scenario, RACES, 1) == native(scenario, RACES, 1) != inside.run(scenario, RACES, 2)


def test_outcomes_of_drawn_parameters_are_each_races_own(module):
    """Welfare looks at parameters: of each race its own where they are drawn."""
    scenario = worlds()["hassabis-baseline"]
    drawn = {"harm.public_harm": np.array([0.0, 1.0, 2.5, 7.0])}
    final = ensemble.simulate(scenario, 0, RACES, 1, drawn)
    ps = np.tile(ensemble.base_rows(scenario)["p"], (RACES, 1))
    ps[:, layouts()[PARAMETERS].place["harm.public_harm"]] = drawn["harm.public_harm"]
    assert wasm_bits.InWasmtime(module).measure(final, final, ps) == measured(final, final)


@pytest.mark.browser
def test_a_browser_gives_the_native_bits(browser, module):
    """Every engine world and as many at random as make 100, in V8: final states and outcomes."""
    some, page = list(wasm_bits.some_worlds(100, 2)), browser.new_page()
    text = base64.b64encode(module.content).decode()

    def seen(images, entry):
        given = [[base64.b64encode(content).decode(), *rest] for content, *rest in images]
        return map(base64.b64decode, page.evaluate(IN_A_PAGE, [text, given, entry]))

    for first in range(0, len(some), 10):
        part = some[first : first + 10]
        images = [image(module, scenario, RACES, 3) for _, scenario in part]
        got = seen([(content, [world], *rest) for content, world, *rest in images], wasm.ENTRY)
        for (name, scenario), states in zip(part, got, strict=True):
            assert states == native(scenario, RACES, 3), name
        finals = [both(scenario, RACES, 3) for _, scenario in part]
        ps = [ensemble.base_rows(scenario)["p"] for _, scenario in part]
        got = seen([to_measure(module, *pair, p) for pair, p in zip(finals, ps, strict=True)], wasm.MEASURE)
        for (name, _), pair, outcomes in zip(part, finals, got, strict=True):
            assert outcomes == measured(*pair), name
    page.close()
