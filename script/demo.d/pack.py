"""The scenario pack as the API takes it, and what of it the demo itself needs."""

from __future__ import annotations

import json
import pathlib
import random
import re

FILES = ["pack.yaml", "rules.yaml", "areas.geojson", "classes.csv", "limits.csv",
         "handling.yaml", "reminders.yaml"]


class Pack:
    """A folder such as packs/storm."""

    def __init__(self, folder: pathlib.Path, drop_rule: str | None = None):
        self.folder = folder
        self.texts = {name: (folder / name).read_text() for name in FILES}
        self.devices = json.loads((folder / "devices.json").read_text())
        self.people = json.loads((folder / "users.json").read_text())
        if drop_rule:
            self.texts["rules.yaml"] = without_rule(self.texts["rules.yaml"], drop_rule)

    def body(self) -> dict:
        return {"files": [{"name": name, "text": text} for name, text in self.texts.items()]}

    def street_devices(self, code: str) -> list[dict]:
        return [device for device in self.devices if device["street"] == code]


def without_rule(text: str, rule: str) -> str:
    """The rules without one of them. Each begins with `  - id:` in our pack."""
    parts = re.split(r"(?m)^(?=  - id: )", text)
    kept = [part for part in parts if not re.match(rf"  - id: {re.escape(rule)}\s*$",
                                                   part.split("\n", 1)[0])]
    if len(kept) == len(parts):
        known = ", ".join(re.findall(r"(?m)^  - id: (\S+)", text))
        raise SystemExit(f"error: the pack has no rule {rule}; it has {known}")
    return "".join(kept)


def registration(device: dict, rng: random.Random | None) -> dict:
    """What is sent to register a device. A seed moves it a little within its street."""
    out = {key: value for key, value in device.items() if key != "street"}
    if rng is not None:
        # devices.json keeps 400 m of its street around each place; this stays within.
        out["place"] = {**out["place"]}
        for axis in ("longitude", "latitude"):
            out["place"][axis] = round(out["place"][axis] + rng.uniform(-0.003, 0.003), 6)
        # The maps that people in China use have another datum; both must come to the same place.
    out["source"] = "storm-demo"
    out["externalId"] = device["id"]
    return out
