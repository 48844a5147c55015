"""The storm as numbers: a series of 0...1, scaled to what each gauge measures.

A series is `timestamp,value` as in packs/storm/series/synthetic.csv or any file given with
--series. Its values are brought to 0...1 between its smallest and its largest, and the part around
its peak is brought to STEPS readings that end now. Whatever the series, the storm begins and ends
in dry weather (0) and holds its peak (1) for three minutes, because rules ask for durations; what
lies between is the series. Each gauge measures `low + (high - low) x value`, where `low` is a dry
value of its kind and `high` lies within the grade that it shall reach (PEAKS).
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import math
import pathlib
import random

STEPS = 40  # readings of each gauge, half a minute apart: 20 minutes of storm
SPACING = 30.0


def read_series(path: pathlib.Path) -> list[float]:
    """The values in the order of their times."""
    rows: list[tuple[str, float]] = []
    try:
        with path.open(newline="") as file:
            reader = csv.DictReader(file)
            if not reader.fieldnames or not {"timestamp", "value"} <= set(reader.fieldnames):
                raise SystemExit(f"error: {path}: the first line must name timestamp and value")
            for number, row in enumerate(reader, 2):
                try:
                    value = float(row["value"])
                except (TypeError, ValueError):
                    value = math.nan
                if not math.isfinite(value):
                    raise SystemExit(f"error: {path}:{number}: no number in value")
                rows.append((row["timestamp"] or "", value))
    except OSError as error:
        raise SystemExit(f"error: {path}: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SystemExit(f"error: {path}: is no CSV in UTF-8: {error}") from None
    values = [value for _, value in sorted(rows, key=lambda row: row[0])]
    if len(values) < 8 or min(values) == max(values):
        raise SystemExit(f"error: {path}: at least 8 values that are not all equal are needed")
    return values


@dataclasses.dataclass
class Shape:
    """A storm as numbers 0...1: `rising` ends at its peak, `falling` at its lowest."""

    rising: list[float]
    falling: list[float]


def shape(values: list[float]) -> Shape:
    """The largest flood of a series: from the lowest point within reach before its peak, to the
    lowest after it, each resampled to half of STEPS."""
    low, high = min(values), max(values)
    scaled = [(value - low) / (high - low) for value in values]
    peak = scaled.index(1.0)
    reach = max(8, len(scaled) // 4)
    before = scaled[max(0, peak - reach):peak + 1]
    after = scaled[peak:peak + reach + 1]
    before = before[before.index(min(before)):]
    after = after[:after.index(min(after)) + 1]
    rising = resample(before or [0.0, 1.0], STEPS // 2)
    falling = resample(after or [1.0, 0.0], STEPS // 2)
    # Rules ask for durations: the peak lasts. Before and after the storm it is dry.
    rising = [value * 0.9 for value in rising]
    rising[:3] = [0.0] * 3
    rising[-6:] = [1.0] * 6
    falling[0] = 1.0
    falling[-6:] = [0.0] * 6
    return Shape(rising, falling)


def resample(values: list[float], count: int) -> list[float]:
    if len(values) == 1:
        return values * count
    out = []
    for index in range(count):
        position = index * (len(values) - 1) / (count - 1)
        left = min(int(position), len(values) - 2)
        part = position - left
        out.append(values[left] * (1 - part) + values[left + 1] * part)
    return out


@dataclasses.dataclass
class Gauge:
    """One series of readings."""

    device: str
    property: str
    unit: str
    low: float
    high: float
    rule: str | None
    grade: str | None

    def rows(self, values: list[float], first: datetime.datetime) -> list[dict]:
        return [
            {"device": self.device, "property": self.property, "unit": self.unit,
             "value": round(self.low + (self.high - self.low) * value, 4),
             "time": stamp(first + datetime.timedelta(seconds=SPACING * index))}
            for index, value in enumerate(values)]


def stamp(time: datetime.datetime) -> str:
    return time.astimezone(datetime.timezone.utc).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z")


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.timezone.utc)


# For each kind of device: property, unit, dry value, and by grade the range of the peak.
PEAKS: dict[str, tuple[str, str, tuple[float, float], dict[str, tuple[float, float]]]] = {
    "road-gauge": ("waterDepth", "m", (0.0, 0.02), {
        "yellow": (0.19, 0.25), "orange": (0.31, 0.38)}),
    "river-gauge": ("waterLevel", "m", (3.2, 3.8), {"red": (6.8, 7.6)}),
    "rain-gauge": ("rainIntensity", "mm/h", (0.0, 6.0), {"yellow": (46.0, 64.0)}),
    "flow-meter": ("flow", "m3/s", (0.6, 1.0), {"yellow": (2.2, 3.0)}),
}
RULES = {"road-gauge": "road-flooding", "river-gauge": "river-level",
         "rain-gauge": "heavy-rain", "flow-meter": "pump-overload"}


def gauge(device: dict, grade: str | None, rng: random.Random) -> Gauge:
    """A gauge that reaches the grade, or stays dry."""
    name, unit, dry, peaks = PEAKS[device["kind"]]
    low = rng.uniform(*dry)
    high = rng.uniform(*peaks[grade]) if grade else low + abs(low) * 0.02
    return Gauge("dev_" + device["id"], name, unit, low, high,
                 RULES[device["kind"]] if grade else None, grade)
