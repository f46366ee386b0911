"""Real Sentinel-2 data that a package registry delivers: what there is, how it is fetched, how it is read.

The data lie inside a wheel. A pinned wheel is downloaded without its dependencies, the files wanted are taken out of
it, checked against their SHA-256 and moved into the cache. Nothing of the package is installed or run.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inputs.host import surroundings
from inputs.host.cache import cache_dir, locked, replacing

__all__ = [
    "CLEAR_SCL",
    "DATASETS",
    "FIXTURE",
    "MISSING_SCL",
    "ROMANIA_10M",
    "ROMANIA_20M",
    "Cube",
    "Dataset",
    "Unavailable",
    "cache_dir",
    "fetch",
    "is_here",
    "load",
    "path_of",
]

DATA = Path(__file__).parents[1] / "data"
DOWNLOAD_SECONDS = 300

CLEAR_SCL = (4, 5, 7)
"""Scene classes that count as data: vegetation, bare soil, unclassified. It is the choice of the package's own
examples."""
MISSING_SCL = (0, 1, 2, 3, 6, 8, 9, 10, 11)
"""Scene classes that count as missing: no data, saturated or defective, dark area, cloud shadow, water, cloud of medium
and of high probability, thin cirrus, snow."""


class Unavailable(Exception):
    """Real data is neither in the cache nor fetchable; the message says why."""


@dataclass(frozen=True)
class Dataset:
    """One file of real data.

    Attributes
    ----------
    name
        Name in the lab; also the file's stem in the cache.
    title
        What it shows, in a few words.
    requirement
        The pinned wheel that holds it.
    member
        Path inside the wheel.
    sha256
        Of the member.
    bands
        Lab name → variable of the file. ``nir`` is B8 (10 m) or B8A (20 m, narrow).
    shape
        (T, Y, X) of every band.
    years
        First and last year of acquisition, as the notice has to state them.
    licence
        Of the package, and of the content.
    vendored
        Whether the file is part of the repository (`inputs/data`).
    nodata
        The integer that means missing.
    """

    name: str
    title: str
    requirement: str
    member: str
    sha256: str
    bands: Mapping[str, str]
    shape: tuple[int, int, int]
    years: tuple[int, int]
    licence: str = "EUPL-1.2 (package), Copernicus (content)"
    vendored: bool = False
    nodata: int = 0

    @property
    def notice(self) -> str:
        """The attribution that the licence of Copernicus data asks for."""
        return f"Contains modified Copernicus Sentinel data {self.years[0]}–{self.years[1]}"


WHEEL = "nrt==0.2.0"
ROMANIA_10M = Dataset(
    name="romania_10m",
    title="Sentinel-2 L2A, Romania, forest, 10 m",
    requirement=WHEEL,
    member="nrt/data/sentinel2_cube_subset_romania_10m.nc",
    sha256="10165376979ed20f988bef09bf79135ea415e741256ba50fd4fef679b1c1fa9d",
    bands=MappingProxyType({"blue": "B2", "green": "B3", "red": "B4", "nir": "B8"}),
    shape=(140, 100, 100),
    years=(2015, 2021),
)
ROMANIA_20M = Dataset(
    name="romania_20m",
    title="Sentinel-2 L2A, Romania, forest, 20 m",
    requirement=WHEEL,
    member="nrt/data/sentinel2_cube_subset_romania_20m.nc",
    sha256="e22c3545dea25c93b31dea017fb70ba18578c1a6c954bf1040e58218b9fa28ca",
    bands=MappingProxyType({"green": "B3", "red": "B4", "nir": "B8A", "swir": "B11"}),
    shape=(140, 50, 50),
    years=(2015, 2021),
)
FIXTURE = Dataset(
    name="sentinel2_subset",
    title="Sentinel-2 L2A, small chip, 20 m",
    requirement=WHEEL,
    member="nrt/data/sentinel2_subset.nc",
    sha256="71e976b88e6029a897b0bf300e1d203af2a4b4412550081fdc6bff77551592a6",
    bands=MappingProxyType({"green": "B3", "red": "B4", "nir": "B8A", "swir": "B11"}),
    shape=(146, 10, 10),
    years=(2017, 2019),
    vendored=True,
)
DATASETS = (ROMANIA_10M, ROMANIA_20M, FIXTURE)


@dataclass(frozen=True)
class Cube:
    """A real time series in memory, read-only.

    Attributes
    ----------
    dataset
        What it was read from.
    bands
        Lab name → counts, ``(T, Y, X)`` uint16; reflectance is counts / 10000.
    scl
        Scene classification of each pixel and date, ``(T, Y, X)`` uint8, 0–11.
    dates
        ``(T,)`` datetime64[D], ascending.
    missing
        ``(T, Y, X)`` bool: the scene class is in `MISSING_SCL`, or a band is `nodata`.
    nodata
        The integer that means missing.
    """

    dataset: Dataset
    bands: Mapping[str, NDArray[np.uint16]]
    scl: NDArray[np.uint8]
    dates: NDArray[np.datetime64]
    missing: NDArray[np.bool_]
    nodata: int

    @property
    def missing_by_date(self) -> NDArray[np.float64]:
        """Share of missing pixels of each date, 0–1."""
        share: NDArray[np.float64] = self.missing.mean(axis=(1, 2))
        return share

    def clearest(self) -> int:
        """Return the index of the clearest date that still has gaps: the least missing from 1 % up."""
        share = self.missing_by_date
        return int(np.argmin(np.where(share < 0.01, np.inf, share)))

    def cloudy(self, share: float = 0.4) -> int:
        """Return the index of the date whose missing share is nearest to `share`."""
        return int(np.argmin(np.abs(self.missing_by_date - share)))


def path_of(dataset: Dataset) -> Path:
    """Return where the file of a dataset lies, or would lie, on this machine."""
    return (DATA if dataset.vendored else cache_dir() / "data") / Path(dataset.member).name


def is_here(dataset: Dataset) -> bool:
    """Say whether the file of a dataset is on this machine, whole and unchanged."""
    path = path_of(dataset)
    return path.is_file() and _sha256(path) == dataset.sha256


def fetch(dataset: Dataset) -> Path:
    """Return the path of a dataset's file, fetching it when it is not in the cache.

    Safe to call again after an interrupt and from several processes at once: one downloads, the others wait for it.

    Raises
    ------
    Unavailable
        When the wheel cannot be downloaded, or does not hold the file that is expected.
    """
    path = path_of(dataset)
    if is_here(dataset):
        return path
    if dataset.vendored:
        raise Unavailable(f"{dataset.name}: {path} is missing or changed; restore it from the repository")
    with locked(cache_dir() / "data" / dataset.requirement):
        if not is_here(dataset):
            with tempfile.TemporaryDirectory(dir=cache_dir() / "data") as scratch:
                _unpack(_download(dataset, Path(scratch)), dataset)
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _download(dataset: Dataset, folder: Path) -> Path:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", "--retries=2"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), dataset.requirement]
    try:
        done = subprocess.run(
            command, env=surroundings.tools(), timeout=DOWNLOAD_SECONDS, capture_output=True, check=False,
            encoding="utf-8", errors="replace")  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unavailable(_sentence(dataset, f"pip had not finished after {DOWNLOAD_SECONDS} s")) from None
    if done.returncode or not (wheels := sorted(folder.glob("*.whl"))):
        said = [line for line in done.stderr.strip().splitlines() if line.startswith("ERROR")] or ["pip said nothing"]
        raise Unavailable(_sentence(dataset, f"pip ended with {done.returncode}: {said[-1]}"))
    return wheels[0]


def _unpack(wheel: Path, dataset: Dataset) -> None:
    """Take every file that the lab knows out of the wheel, so that one download serves all datasets."""
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
        for other in DATASETS:
            if other.requirement != dataset.requirement or other.vendored:
                continue
            if other.member not in held:
                raise Unavailable(_sentence(other, f"the wheel holds no {other.member}"))
            content = archive.read(other.member)
            if (digest := hashlib.sha256(content).hexdigest()) != other.sha256:
                raise Unavailable(_sentence(other, f"SHA-256 was {digest}, expected {other.sha256}"))
            with replacing(path_of(other)) as temporary:
                temporary.write_bytes(content)


def _sentence(dataset: Dataset, reason: str) -> str:
    tried = f"not in the cache ({path_of(dataset)}) and could not be fetched as {dataset.requirement}"
    return f"{dataset.name}: {tried}: {reason}"


def load(dataset: Dataset) -> Cube:
    """Read a dataset into memory, fetching it first where needed; a second call in a process returns the same cube.

    Raises
    ------
    Unavailable
        As `fetch`, or when the file does not hold what its record says.
    """
    return _read(dataset.name, fetch(dataset))


@lru_cache(maxsize=len(DATASETS))
def _read(name: str, path: Path) -> Cube:
    import h5py  # noqa: PLC0415 (here alone, so that whoever only names a dataset needs no HDF5)

    dataset = next(known for known in DATASETS if known.name == name)
    with h5py.File(path, "r") as file:
        bands = {band: _frozen(file[variable][:]) for band, variable in dataset.bands.items()}
        scl = _frozen(file["SCL"][:].astype(np.uint8))
        dates = _frozen(_dates(file["time"]))
    for band, counts in bands.items():
        if counts.shape != dataset.shape or counts.dtype != np.uint16:
            raise Unavailable(f"{name}: band {band} was {counts.dtype} {counts.shape}, expected uint16 {dataset.shape}")
    missing = np.isin(scl, MISSING_SCL)
    for counts in bands.values():
        missing |= counts == dataset.nodata
    return Cube(dataset, MappingProxyType(bands), scl, dates, _frozen(missing), dataset.nodata)


def _dates(variable: Any) -> NDArray[np.datetime64]:
    """Decode the time variable: ``days since <date> 00:00:00``."""
    unit, _, rest = bytes(variable.attrs["units"]).decode().partition(" since ")
    if unit != "days":
        raise Unavailable(f"time: was coded in {unit!r}, expected days")
    dates: NDArray[np.datetime64] = np.datetime64(rest.split()[0], "D") + variable[:].astype("timedelta64[D]")
    return dates


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
