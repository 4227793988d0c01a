"""What is built of a checkout says of which commit; see `commit` in labsim/scenario/shipped.py."""

import runpy
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CommitHook(BuildHookInterface):
    """Puts a file with the commit into a wheel or source archive. A source archive that is built has it already."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        shipped = runpy.run_path(str(Path(self.root) / "labsim" / "scenario" / "shipped.py"))
        commit = shipped["commit"]()
        if version == "editable" or commit is None or shipped["COMMIT"].is_file():
            return
        self.folder = tempfile.TemporaryDirectory()  # nothing is written into the checkout
        file = Path(self.folder.name, shipped["COMMIT"].name)
        file.write_text(f"{commit}\n", encoding="utf-8")
        build_data["force_include"][str(file)] = f"labsim/{file.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if hasattr(self, "folder"):
            self.folder.cleanup()
