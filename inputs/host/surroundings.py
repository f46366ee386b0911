"""What reaches a process: the one list of variables that may pass from the caller to what the lab starts.

Whoever calls the lab has an environment of his own, and tools act on it: a git hook names its repository in
``GIT_DIR``, ``PYTHONPATH`` puts another copy before the installed wheel, ``NUMBA_DISABLE_JIT`` makes Numba an
interpreter. Nobody can list all that harms, so what may pass is listed. Every process that the lab starts gets `tools`,
or an environment made from it; ``python -m lab`` drops the rest of its own by `enter`.

It needs the standard library alone: the wheel is built before there is anything else.
"""

from __future__ import annotations

import os
import pwd
import re
import sys
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from inputs.host import tmpdir
from inputs.host.cache import REPOSITORY, cache_dir, whole

UTF_8 = {"PYTHONUTF8": "1"}
"""What the lab starts writes logs and files, which are UTF-8 whatever the locale of the terminal is."""

PASSED = re.compile(
    "|".join(
        (
            "PATH|HOME|USER|LOGNAME|SHELL|TMPDIR|TMP|TEMP|TZ|TZDIR|CI",
            "LANG|LANGUAGE|LC_[A-Z]+|XDG_[A-Z_]+",
            "TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR",
            # The network: proxies, certificates, and where packages come from.
            "(https?|all|ftp|no)_proxy|(HTTPS?|ALL|FTP|NO)_PROXY|NETRC",
            "SSL_CERT_(FILE|DIR)|NIX_SSL_CERT_FILE|CURL_CA_BUNDLE|REQUESTS_CA_BUNDLE|GIT_SSL_CA(INFO|PATH)",
            "PIP_((EXTRA_)?INDEX_URL|NO_INDEX|FIND_LINKS|TRUSTED_HOST|PROXY|CERT|CLIENT_CERT|KEYRING_PROVIDER)",
            "PIP_(RETRIES|TIMEOUT|DEFAULT_TIMEOUT|CACHE_DIR|NO_CACHE_DIR|CONFIG_FILE|DISABLE_PIP_VERSION_CHECK)",
            "CARGO_(HOME|(NET|HTTP|REGISTRIES)_[A-Z0-9_]+)",
            # Where tools and their libraries lie, and which of several is meant.
            "RUSTUP_(HOME|TOOLCHAIN|AUTO_INSTALL|DIST_SERVER|UPDATE_ROOT)|CARGO_TARGET_[A-Z0-9_]+_LINKER",
            "PYENV_(ROOT|VERSION)|ASDF_(DIR|DATA_DIR)|MISE_DATA_DIR|LD_LIBRARY_PATH|SDKROOT|DEVELOPER_DIR",
            # What the user has git believe everywhere, such as which directories are safe.
            "GIT_CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_[0-9]+|VALUE_[0-9]+)|GIT_DISCOVERY_ACROSS_FILESYSTEM",
            "MPLCONFIGDIR|RUST_BACKTRACE|EOLAB_[A-Z_]+",
        )
    )
)
"""Names that may pass, each as a whole. Whatever is not here reaches no process of the lab."""

OWN = re.compile("PYTHON(UNBUFFERED|DONTWRITEBYTECODE|NOUSERSITE|IOENCODING|UTF8|PYCACHEPREFIX|_COLORS)")
"""What the lab's own process keeps besides: how it writes, and nothing that changes what it finds or computes."""

ACTED = re.compile("PYTHON.*|LD_.*|GLIBC_TUNABLES|MALLOC_.*")
"""What has acted on a process by the time that it can look: to be rid of it the process must begin anew."""

NUMBA_FILE = ".numba_config.yaml"
"""Numba obeys such a file in the directory in which a process runs, as if its lines were variables."""

TOLD = re.compile(
    "PYTHON.*|LD_.*|GLIBC_TUNABLES|(MALLOC|NUMBA|OMP|KMP|GOMP|OPENBLAS|MKL|NUMEXPR|RAYON|EOKERNELS|NPY|MATURIN)_.*"
    "|CARGO_(PROFILE|BUILD|ENCODED)_.*|RUSTFLAGS|RUSTC.*"
)
"""What somebody may have set on purpose, and is told that it counts for nothing here."""


def tools(inherited: Mapping[str, str] | None = None, /, **settings: str) -> dict[str, str]:
    """Return the environment of a process that the lab starts: what may pass, and `settings` on top.

    Parameters
    ----------
    inherited
        Variables of the caller; those of this process where none are given.
    **settings
        Further variables.
    """
    given = os.environ if inherited is None else inherited
    kept = {name: value for name, value in given.items() if PASSED.fullmatch(name)}
    return {**kept, **_person(kept), **whole(kept), **tmpdir.shortened(kept), **UTF_8, **settings}


def enter(inherited: MutableMapping[str, str] = os.environ) -> None:
    """Make this process's own environment that of a tool, and say so where it changes what somebody may have meant.

    What has already acted on the interpreter is no longer to be undone: then the process begins anew in its place, with
    the same arguments. A file that Numba obeys cannot be left out: then the process ends, and says why.
    """
    for folder in (Path.cwd(), REPOSITORY):
        if (folder / NUMBA_FILE).exists():
            found = f"{folder / NUMBA_FILE} would tell Numba how to compile, and so change what the lab judges"
            print(f"error: {found}; move it away", file=sys.stderr)
            raise SystemExit(2)
    before = dict(inherited)
    own = {name: value for name, value in before.items() if OWN.fullmatch(name)}
    wanted = {**{name: value for name, value in tools(before).items() if name not in UTF_8}, **own}
    if _finds_lab(before) and Path.cwd() != REPOSITORY:
        wanted["PYTHONPATH"] = str(REPOSITORY)
    dropped = sorted(name for name in before if before[name] and wanted.get(name) != before[name])
    inherited.clear()
    inherited.update(wanted)
    if told := [name for name in dropped if TOLD.fullmatch(name)]:
        print(f"note: the lab goes without {', '.join(told)}, which would change what it judges", file=sys.stderr)
    if any(ACTED.fullmatch(name) for name in dropped):
        sys.stderr.flush()
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], wanted)


def _finds_lab(given: Mapping[str, str]) -> bool:
    """Tell whether the checkout is found by ``PYTHONPATH``; it holds no package that the wheel has."""
    entries = given.get("PYTHONPATH", "").split(os.pathsep)
    return any(entry and Path(entry).resolve() == REPOSITORY for entry in entries)


def _person(given: Mapping[str, str]) -> dict[str, str]:
    """Return what a process needs where the user has no name, or no home directory that can be written to.

    asv keeps a file there, and pip, Cargo, Numba and matplotlib their caches.
    """
    try:
        entry = pwd.getpwuid(os.getuid())
        name, home = entry.pw_name, given.get("HOME") or entry.pw_dir
    except KeyError:  # a container that runs under a number
        name, home = f"uid-{os.getuid()}", given.get("HOME", "")
    found = {"USER": given.get("USER", name), "LOGNAME": given.get("LOGNAME", name), "HOME": home}
    if os.path.isdir(home) and os.access(home, os.W_OK | os.X_OK):
        return found
    return {**found, **_own_home(given, Path(home) if home else None)}


def _own_home(given: Mapping[str, str], old: Path | None) -> dict[str, str]:
    """Return a home directory in the lab's cache, from which a Rust toolchain in the old one is still found."""
    made = cache_dir() / "home"
    made.mkdir(parents=True, exist_ok=True)
    found = {"HOME": str(made)}
    for variable, folder in (("RUSTUP_HOME", ".rustup"), ("CARGO_HOME", ".cargo")):
        if variable not in given and old is not None and (old / folder).is_dir():
            found[variable] = str(old / folder)
    return found
