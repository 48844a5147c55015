"""The nodes of the demo: one city, two districts, three streets and a department of its own."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Node:
    """One process. `alias` is what --kill takes beside the id."""

    id: str
    alias: str
    level: str  # which users and organisations it gets: city, district, street, department
    code: str
    zh: str
    en: str
    parent: str | None = None

    @property
    def is_department(self) -> bool:
        return self.level == "department"

    @property
    def node_level(self) -> str:
        """The product knows five levels; a department takes that of whom it serves."""
        return "city" if self.is_department else self.level

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"


NODES = [
    Node("linjiang", "city", "city", "3391", "临江市", "Linjiang City"),
    Node("jiangbei", "district-1", "district", "339102", "江北区", "Jiangbei District", "linjiang"),
    Node("jiangnan", "district-2", "district", "339103", "江南区", "Jiangnan District", "linjiang"),
    Node("qingtan", "street-1", "street", "339102001", "清潭街道", "Qingtan Street", "jiangbei"),
    Node("hekou", "street-2", "street", "339102002", "河口街道", "Hekou Street", "jiangbei"),
    Node("nanmen", "street-3", "street", "339103001", "南门街道", "Nanmen Street", "jiangnan"),
    Node("shuiwu", "department", "department", "3391", "市水务局", "Water Bureau", "linjiang"),
]

BY_ID = {node.id: node for node in NODES}


def find(name: str) -> Node:
    for node in NODES:
        if name in (node.id, node.alias):
            return node
    known = ", ".join(f"{node.alias} ({node.id})" for node in NODES)
    raise SystemExit(f"error: there is no node {name}; there are {known}")
