"""LLVM text to machine code, kept by its content: what is unchanged is never compiled again.

An object's key is a hash of its text, of llvmlite and of the processor; an object lies in the cache as a file of that
name, after a hash of its name and its bytes. A damaged one is compiled anew; where the cache cannot be written a
process keeps what it compiles to itself.
"""

import contextlib
import ctypes
import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs

VECTORISE = "; vectorise loops\n"  # at the head of a text: it has plain loops
SEAL = hashlib.sha256().digest_size  # bytes before an object: their hash
MOST = 4000  # objects in the cache: older ones go
_LOCK = threading.Lock()  # one thread compiles, the others wait for it
_ADDRESSES: dict[str, int] = {}
_ENGINES: list[Any] = []  # what was linked stays as long as the process
_SAID: set[str] = set()


def cache_folder() -> Path:
    """Where compiled code is kept: LABSIM_CACHE, or the user's cache folder."""
    return Path(os.environ.get("LABSIM_CACHE") or platformdirs.user_cache_dir("labsim")) / "objects"


@cache
def _machine() -> Any:
    """What llvmlite compiles for: this processor."""
    import llvmlite.binding as llvm  # slow to load, and only needed to compile or to link

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=_features(), opt=3, reloc="pic", codemodel="default"
    )


@cache
def _features() -> str:
    import llvmlite.binding as llvm

    return ",".join(sorted(f"{'+' if has else '-'}{name}" for name, has in llvm.get_host_cpu_features().items()))


@cache
def processor() -> str:
    """What compiled code depends on besides its text."""
    import llvmlite.binding as llvm

    of_llvm = ".".join(map(str, llvm.llvm_version_info))
    return f"{version('llvmlite')} {of_llvm} {llvm.get_host_cpu_name()} {_features()}"


def key_of(text: str) -> str:
    """The key of the object of an LLVM text."""
    return hashlib.sha256(f"{processor()}\n{text}".encode()).hexdigest()[:32]


def object_of(text: str, machine: Any = None) -> bytes:
    """The object code of LLVM text, for a machine of llvmlite's; this one unless said otherwise."""
    import llvmlite.binding as llvm

    machine = _machine() if machine is None else machine
    module = llvm.parse_assembly(text)
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    tuning = llvm.create_pipeline_tuning_options(speed_level=3)
    # a step has its vectors written as such; the driver's loops are left to the optimiser
    tuning.loop_vectorization = tuning.slp_vectorization = text.startswith(VECTORISE)
    llvm.create_pass_builder(machine, tuning).getModulePassManager().run(
        module, llvm.create_pass_builder(machine, tuning)
    )
    return machine.emit_object(module)


def addresses(texts: Mapping[str, str]) -> dict[str, int]:
    """The addresses of functions named `step`, by the names given to their texts; compiled and loaded where needed."""
    keys = {name: key_of(text) for name, text in texts.items()}
    with _LOCK:
        new = {key: texts[name] for name, key in keys.items() if key not in _ADDRESSES}
        if new:
            found = {key: content for key in new if (content := kept(f"{key}.o")) is not None}
            found |= _compiled({key: text for key, text in new.items() if key not in found})
            _link(found)
        return {name: _ADDRESSES[key] for name, key in keys.items()}


def known(keys: Mapping[str, str]) -> dict[str, int] | None:
    """The addresses of objects by their keys, without their texts; None if one of them is not here."""
    with _LOCK:
        new = {key: kept(f"{key}.o") for key in keys.values() if key not in _ADDRESSES}
        if None in new.values():
            return None
        _link({key: content for key, content in new.items() if content is not None})
        return {name: _ADDRESSES[key] for name, key in keys.items()}


def kept(name: str) -> bytes | None:
    """The content of a file in the cache, if it is there and whole."""
    try:
        content = (cache_folder() / name).read_bytes()
    except OSError:
        return None
    return content[SEAL:] if _seal(name, content[SEAL:]) == content[:SEAL] else None


def keep(contents: Mapping[str, bytes]) -> None:
    """Put files into the cache; where it cannot be written, that is said once."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in contents.items():
            put_whole(folder / name, _seal(name, content) + content)
        _clear(folder)
    except OSError as error:
        if str(folder) not in _SAID:
            _SAID.add(str(folder))
            why = error.strerror or type(error).__name__
            sys.stderr.write(f"labsim: {folder} cannot be written ({why}): this process compiles rules for itself\n")


def _seal(name: str, content: bytes) -> bytes:
    """What stands before a file's content: a hash of what it is called, and of it."""
    return hashlib.sha256(name.encode() + content).digest()


def _compiled(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Compile texts, on two threads, and keep their objects."""
    if not texts:
        return {}
    _machine()
    work = {key: text.replace("@step(", f"@s{key}(", 1) for key, text in texts.items()}
    with ThreadPoolExecutor(2) as pool:
        objects = dict(zip(work, pool.map(object_of, work.values()), strict=True))
    keep({f"{key}.o": content for key, content in objects.items()})
    return objects


def unkept() -> str | None:
    """Why nothing can be kept in the cache, in the system's words; None if it can."""
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=cache_folder()).close()
    except OSError as error:
        return error.strerror or type(error).__name__
    return None


def in_cache() -> dict[str, bool]:
    """The keys of the objects in the cache, and whether each is what was compiled."""
    return {path.stem: kept(path.name) is not None for path in sorted(cache_folder().glob("*.o"))}


def put_whole(path: Path, content: bytes) -> None:
    """Write a file so that others see all of it or none. Raises OSError."""
    handle, beside = tempfile.mkstemp(prefix=f"{path.stem}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(beside).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(beside).unlink()
        raise


def _clear(folder: Path) -> None:
    """Take the oldest objects away where there are many; each edit of a rule leaves one."""
    files = list(folder.iterdir())
    if len(files) > MOST:
        with contextlib.suppress(OSError):
            for path in sorted(files, key=lambda path: path.stat().st_mtime)[: len(files) - MOST // 2]:
                path.unlink()


def _link(objects: Mapping[str, bytes]) -> None:
    """Load objects into this process; their addresses are kept."""
    if not objects:
        return
    import llvmlite.binding as llvm

    machine = _machine()
    assert machine is not None  # the target is initialised
    of_its_own = llvm.Target.from_default_triple().create_target_machine(opt=0, jit=True)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), of_its_own)
    for content in objects.values():
        part = llvm.ObjectFileRef.from_data(content)
        engine.add_object_file(part)
        part.detach()  # the engine owns it now: freed twice otherwise
    engine.finalize_object()
    for key in objects:
        _ADDRESSES[key] = engine.get_function_address(f"s{key}")
    _ENGINES.append(engine)


def function_at(address: int) -> Any:
    """The driver's function at an address: it takes the address of its world."""
    return ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)(address)
