"""What tests do to run folders: read and change their manifests, and make hashes fit what was altered."""

import json

from labsim.runs.folder import MANIFEST, file_hash, sealed
from tests.commands import strict


def manifest_of(folder):
    """The manifest of a run folder."""
    return strict((folder / MANIFEST).read_text(encoding="utf-8"))


def change_manifest(folder, **values):
    """Write other values into the manifest of a run folder, and the hash of what it then says."""
    (folder / MANIFEST).write_text(json.dumps(sealed(manifest_of(folder) | values)), encoding="utf-8")


def seal(folder):
    """Make a manifest fit its files, as somebody would who hides what was done to them."""
    change_manifest(folder, files={name: file_hash(folder / name) for name in manifest_of(folder)["files"]})
