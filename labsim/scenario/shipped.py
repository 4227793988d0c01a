"""Where the scenarios and the app are: inside an installation, or beside the package in a checkout."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
CHECKOUT = PACKAGE.parent


def folder(name: str) -> Path:
    """The folder `scenarios` or `viz`. Raises FileNotFoundError if the installation lacks it."""
    for place in (PACKAGE / f"_{name}", CHECKOUT / name):
        if place.is_dir():
            return place
    raise FileNotFoundError(f"labsim's {name} are missing from this installation: install it again")
