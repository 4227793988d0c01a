"""Executes the notebooks of this folder in place and drops what varies: python docs/run_notebooks.py"""

import copy
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent


def execute(path: Path) -> nbformat.NotebookNode:
    """A notebook run from top to bottom in a new process and an empty folder; raises at the first error."""
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        python_path = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
        own = {"PYTHONPATH": python_path, "IPYTHONDIR": folder, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
        client = NotebookClient(
            notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}},
            extra_arguments=["--log-level=ERROR"],
        )  # fmt: skip
        client.execute(env=os.environ | own)
    return clean(notebook)


def clean(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without what differs between machines or days: versions, times, notes on stderr."""
    notebook = copy.deepcopy(notebook)
    notebook.metadata = nbformat.from_dict({
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    })  # fmt: skip
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k == "tags"})
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
            for output in cell.outputs:
                output.get("metadata", {}).clear()
    return notebook


def main(paths: list[Path]) -> None:
    """Execute each and write it back."""
    for path in paths or sorted(HERE.glob("*.ipynb")):
        notebook = execute(path)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8", newline="\n")
        print(path.name)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
