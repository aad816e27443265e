"""Frames of one series as packed columns: moments on the shown clock, values, bands, gaps between origins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.reporting.packing import Packer

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True, kw_only=True, slots=True)
class FramePacker:
    """Packs the frames of one series after the other; their moments are milliseconds already (``on_clock``)."""

    packer: Packer

    def truth(self, frame: pl.DataFrame) -> tuple[int, ...]:
        """Pack time and value."""
        return self.packer.moments(frame["time"].to_numpy()), self.packer.values(frame["y"].to_numpy())

    def future(self, frame: pl.DataFrame) -> Mapping[str, tuple[int, ...]]:
        """Pack the forecast and its band."""
        time = self.packer.moments(frame["time"].to_numpy())
        values = self.packer.values(frame["prediction"].to_numpy())
        return {"forecast": (time, values), **self._band(frame, "forecast_band", time, None)}

    def tests(self, frame: pl.DataFrame, layer: str, *, banded: bool) -> Mapping[str, tuple[int, ...]]:
        """Pack the test forecasts, with a gap between one origin and the next."""
        breaks = _breaks(frame)
        time = self.packer.moments(_gapped(frame["time"].to_numpy(), breaks, None))
        made = self.packer.moments(_gapped(frame["cutoff"].to_numpy(), breaks, None))
        values = self.packer.values(_gapped(frame["prediction"].to_numpy(), breaks, float("nan")))
        band = self._band(frame, f"{layer}_band", time, breaks) if banded else {}
        return {layer: (time, values, made), **band}

    def _band(
        self, frame: pl.DataFrame, layer: str, time: int, breaks: NDArray[np.intp] | None
    ) -> Mapping[str, tuple[int, ...]]:
        edges = band_columns(frame)
        if edges is None:
            return {}
        lower, upper = (self._edge(frame[edge], breaks) for edge in edges)
        return {layer: (time, lower, upper)}

    def _edge(self, values: pl.Series, breaks: NDArray[np.intp] | None) -> int:
        raw = values.to_numpy()
        return self.packer.values(raw if breaks is None else _gapped(raw, breaks, float("nan")))


def milliseconds(moments: pl.Series, timezone: str) -> NDArray[np.float64]:
    """Return UTC moments as milliseconds since 1970 on the wall clock of ``timezone``."""
    import numpy as np

    return np.asarray(on_clock(moments.to_frame("time"), timezone)["time"].to_numpy(), dtype=np.float64)


def on_clock(frame: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Return the frame with its UTC moments as milliseconds since 1970 on the wall clock of ``timezone``.

    They are taken as if they were UTC, because that is how the axes of the page show them.
    """
    import polars as pl

    moments = [pl.col(name) for name in ("time", "cutoff") if name in frame.columns]
    local = (at.dt.convert_time_zone(timezone).dt.replace_time_zone(None).dt.epoch("ms") for at in moments)
    return frame.with_columns(at.cast(pl.Float64) for at in local)


def by_series(frame: pl.DataFrame) -> Mapping[str, pl.DataFrame]:
    """Return the rows of each series by its name, in their order and without the name."""
    pieces = frame.partition_by("series", as_dict=True, include_key=False, maintain_order=True)
    return {str(key[0]): piece for key, piece in pieces.items()}


def band_columns(frame: pl.DataFrame) -> tuple[str, str] | None:
    """Return the columns of the widest interval, if the frame has one."""
    levels = sorted(
        (float(name.removeprefix("lower_")), name) for name in frame.columns if name.startswith("lower_")
    )
    if not levels:
        return None
    lower = levels[-1][1]
    return lower, lower.replace("lower_", "upper_", 1)


def _breaks(frame: pl.DataFrame) -> NDArray[np.intp]:
    import numpy as np

    return np.flatnonzero(np.diff(frame["cutoff"].to_numpy())) + 1


def _gapped(values: NDArray[np.float64], breaks: NDArray[np.intp], gap: float | None) -> NDArray[np.float64]:
    """Insert before each break the ``gap``, or where it is ``None`` the value before the break again."""
    import numpy as np

    filler = values[breaks - 1] if gap is None else gap
    return np.insert(np.asarray(values, dtype=np.float64), breaks, filler)
