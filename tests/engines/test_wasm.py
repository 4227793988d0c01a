"""The WebAssembly module gives the bits of the native engine: in wasmtime, and in a browser."""

import base64

import pytest

from labsim.engines import wasm
from tests.engine_worlds import worlds
from tests.engines import wasm_bits
from tests.engines.wasm_bits import RACES, image, native

IN_A_PAGE = """
([module, images]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const compiled = new WebAssembly.Module(bytes(module));
  return images.map(([content, world, finals, size]) => {
    const given = bytes(content);
    const memory = new WebAssembly.Memory({ initial: Math.ceil(given.length / 65536) + 1 });
    new Uint8Array(memory.buffer).set(given);
    new WebAssembly.Instance(compiled, { env: { __linear_memory: memory } }).exports.run(world);
    return btoa(String.fromCharCode(...new Uint8Array(memory.buffer, finals, size)));
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
    assert [one.name for one in compiled.exports] == [wasm.ENTRY]
    assert len(module.content) < 150_000  # it goes to browsers


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


@pytest.mark.browser
def test_a_browser_gives_the_native_bits(browser, module):
    """Every engine world and as many at random as make 100, in V8."""
    some, page = list(wasm_bits.some_worlds(100, 2)), browser.new_page()
    text = base64.b64encode(module.content).decode()
    for first in range(0, len(some), 10):
        part = some[first : first + 10]
        images = [image(module, scenario, RACES, 3) for _, scenario in part]
        given = [[base64.b64encode(content).decode(), *rest] for content, *rest in images]
        for (name, scenario), got in zip(part, page.evaluate(IN_A_PAGE, [text, given]), strict=True):
            assert base64.b64decode(got) == native(scenario, RACES, 3), name
    page.close()
