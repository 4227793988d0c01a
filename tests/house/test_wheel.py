"""The wheel, built and installed elsewhere, runs from any folder with what it carries inside."""

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from labsim.scenario import shipped
from tests.run_folders import manifest_of

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("labsim-*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel, tmp_path_factory):
    """(environment's folder, a folder to stand in): the wheel alone; only its dependencies are borrowed."""
    home = tmp_path_factory.mktemp("elsewhere")
    subprocess.run([sys.executable, "-m", "venv", str(home / "venv")], check=True)
    python = home / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    subprocess.run([str(python), "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True)
    inside = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    (Path(inside) / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    (home / "here").mkdir()
    return python.parent, home / "here"


def environment(place):
    clean = {k: v for k, v in os.environ.items() if k != "PYTHONPATH" and not k.startswith("SOLARA_")}
    borrowed = Path(sys.prefix)  # data files of dependencies lie beside their site-packages
    return clean | {
        "SOLARA_ASSETS_PROXY_CACHE_DIR": str(borrowed / "share" / "solara" / "cdn"),
        "JUPYTER_PATH": str(borrowed / "share" / "jupyter"), "JUPYTER_CONFIG_PATH": str(borrowed / "etc" / "jupyter"),
    }  # fmt: skip


def run(elsewhere, *arguments):
    place, here = elsewhere
    done = subprocess.run(
        [str(place / "labsim"), *arguments],
        cwd=here, env=environment(place), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_carries_scenarios_app_and_licence_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in (
        "labsim/model/week.py", "labsim/py.typed", "labsim/_scenarios/hassabis-baseline.toml", "viz/app.py",
        "labsim/_scenarios/pause-specs/rsi-cycle.toml", "labsim/reports/report.html", "labsim/reports/report.css",
        "viz/parts/stage.vue", "viz/assets/custom.js",
        "viz/assets/tokens.css", "viz/assets/fonts/source-serif-4.woff2",
        "viz/assets/fonts/OFL-source-serif-4.txt",
    ):  # fmt: skip
        assert name in names, name
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0].split("-")[0] for name in names} == {"labsim", "viz"}
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_everything_comes_from_inside_the_package(elsewhere):
    place, here = elsewhere
    program = "from labsim.scenario import shipped; print(shipped.folder('scenarios')); print(shipped.folder('viz'))"
    done = subprocess.run(
        [str(place / "python"), "-c", program], cwd=here, env=environment(place), capture_output=True, text=True
    )  # fmt: skip
    folders = [Path(line) for line in done.stdout.split()]
    assert [folder.name for folder in folders] == ["_scenarios", "viz"], done.stderr
    assert all(place.parent in folder.parents and folder.is_dir() for folder in folders)


def test_the_commands_run_from_another_folder(elsewhere):
    names = [entry["name"] for entry in json.loads(run(elsewhere, "list", "--json"))]
    assert "hassabis-baseline" in names
    text = run(elsewhere, "run", "five-calculators", "--replications", "5", "--engine", "mesa")
    folder = elsewhere[1] / "runs" / "five-calculators-1"
    assert "harm in" in text and (folder / "runs.parquet").is_file()
    built, here = manifest_of(folder)["commit"], shipped.commit()
    assert built is here is None or built.split("+")[0] == here.split("+")[0]  # of the checkout it was built from
    assert json.loads(run(elsewhere, "race", "--json"))["first_crossing"] == 11
    assert json.loads(run(elsewhere, "calibrate", "horizons", "--json"))["since_2023"]["n"] > 1
    assert "[pause_when]" in run(elsewhere, "pause-spec", "rsi-cycle", "--toml")
    assert re.match(r"labsim \d+\.\d+", run(elsewhere, "--version"))


def test_the_main_scenario_runs_on_the_fast_engine(elsewhere):
    result = json.loads(run(elsewhere, "run", "hassabis-baseline", "--json"))
    assert (result["engine"], result["replications"]) == ("ensemble", 200)


def test_a_report_needs_nothing_from_outside(elsewhere):
    run(elsewhere, "report", "five-calculators", "--replications", "4")
    assert "<h1>Five calculators</h1>" in (elsewhere[1] / "five-calculators-report.html").read_text(encoding="utf-8")


def test_documentation_for_developers_is_not_carried(elsewhere):
    place, here = elsewhere
    done = subprocess.run([str(place / "labsim"), "coverage"], cwd=here, env=environment(place), capture_output=True)
    assert done.returncode == 2 and b"run this in a checkout" in done.stderr


def test_the_app_answers(elsewhere):
    place, here = elsewhere
    process = subprocess.Popen(
        [str(place / "labsim"), "app", "--no-open", "--port", "0"],
        cwd=here, env=environment(place), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        address = process.stdout.readline().strip().removeprefix("labsim: http://")
        for path in (
            "/",
            "/explore",
            "/static/assets/tokens.css",
            "/static/assets/custom.js",
            "/static/assets/fonts/source-sans-3.woff2",
        ):
            connection = http.client.HTTPConnection(address, timeout=30)
            connection.request("GET", path)
            assert connection.getresponse().status == 200, path
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130
