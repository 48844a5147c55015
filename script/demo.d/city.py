"""A city of real processes: configured, linked and peopled through public interfaces only."""

from __future__ import annotations

import concurrent.futures
import json
import os
import pathlib
import random
import typing

from client import Client, new_password
from layout import BY_ID, NODES, Node
from pack import Pack, registration
from processes import Program, Server, stop_all

ADMINISTRATOR = "guanliyuan"


def find_secret(value: typing.Any) -> str:
    """The one-time password in what `node init --json` prints."""
    if isinstance(value, dict):
        for key in ("oneTimePassword", "password"):
            if isinstance(value.get(key), str):
                return value[key]
        for inner in value.values():
            found = find_secret(inner)
            if found:
                return found
    return ""


class City:
    """All nodes of the demo, their people and their programs."""

    def __init__(self, program: Program, folder: pathlib.Path, ports: list[tuple[int, int]],
                 pack: Pack, say: typing.Callable[[str], None], *,
                 rng: random.Random | None = None, password_cost: int | None = None,
                 nodes: list[Node] | None = None, advertised: dict[str, int] | None = None,
                 settings: dict[str, list[str]] | None = None):
        self.program, self.folder, self.pack, self.say, self.rng = (
            program, folder, pack, say, rng)
        # `advertised`: another link port for invitations; `settings`: further lines, by node.
        self.password_cost, self.extra = password_cost, settings or {}
        self.nodes, self.advertised = nodes or NODES, advertised or {}
        self.servers: dict[str, Server] = {}
        self.secrets_file = folder / "secrets.json"
        self.secrets: dict = {"nodes": {}}
        self.sessions: dict[tuple[str, str], Client] = {}
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for node, (http, link) in zip(self.nodes, ports):
            self.configure(node, http, link)

    # -- configuration and processes

    def configure(self, node: Node, http: int, link: int) -> None:
        config = self.folder / f"{node.id}.yaml"
        data = self.folder / node.id
        lines = [
            "node:", f"  id: {node.id}", f"  level: {node.node_level}", "  name:",
            f"    zh: {node.zh}", f"    en: {node.en}", f'  jurisdiction: "{node.code}"',
            f"  department: {'true' if node.is_department else 'false'}",
            '  zone: "+08:00"', f"data: {data}",
            "http:", "  host: 127.0.0.1", f"  port: {http}", "  requestsPerSecond: 0",
            "link:", "  host: 127.0.0.1", f"  port: {link}",
            f"  advertised: 127.0.0.1:{self.advertised.get(node.id, link)}",
        ]
        if self.password_cost:
            lines += ["access:", f"  passwordCost: {self.password_cost}"]
        lines += self.extra.get(node.id, [])
        config.write_text("\n".join(lines) + "\n")
        self.servers[node.id] = Server(self.program, config, data, node.id)

    @property
    def is_set_up(self) -> bool:
        return self.secrets_file.exists()

    def start(self) -> None:
        """All at once; nodes wait for each other by themselves."""
        for server in self.servers.values():
            server.spawn()
        for server in self.servers.values():
            server.wait_until_listening()

    def stop(self) -> None:
        for client in self.sessions.values():
            client.close()
        self.sessions = {}
        stop_all(list(self.servers.values()))

    def port(self, node: Node) -> int:
        return self.servers[node.id].http

    # -- setting up

    def set_up(self) -> None:
        """init, invite, join, people, pack and devices. Parents before children."""
        with concurrent.futures.ThreadPoolExecutor(len(self.nodes)) as pool:
            one_time = dict(zip((n.id for n in self.nodes),
                                pool.map(self.initialise, self.nodes)))
        for level in (["city"], ["district", "department"], ["street"]):
            nodes = [node for node in self.nodes if node.level in level]
            if not nodes:
                continue
            for node in nodes:
                if node.parent in self.servers:
                    self.join(node)
            for node in nodes:
                self.servers[node.id].spawn()
            for node in nodes:
                self.servers[node.id].wait_until_listening()
            with concurrent.futures.ThreadPoolExecutor(len(nodes)) as pool:
                list(pool.map(lambda node: self.people(node, one_time[node.id]), nodes))
            self.say("  " + ", ".join(node.title for node in nodes) + ": ready")
        self.save()

    def initialise(self, node: Node) -> str:
        output = self.program.run(
            "node", "init", "--config", str(self.servers[node.id].config), "--admin",
            ADMINISTRATOR, "--json")
        secret = find_secret(json.loads(output))
        if not secret:
            raise RuntimeError(f"node init of {node.id} told no one-time password")
        return secret

    def join(self, node: Node, via: Client | None = None,
             change: typing.Callable[[str], str] | None = None) -> None:
        """Invites at the parent's API, joins with the command. `change` may alter the text."""
        parent = BY_ID[node.parent or ""]
        relation = "department" if node.is_department else "child"
        made = (via or self.session(parent, ADMINISTRATOR)).post("/links/invitations", {
            "node": node.id, "relation": relation, "level": node.node_level,
            "jurisdiction": node.code, "name": {"zh": node.zh, "en": node.en}})
        text = made["invitation"]
        self.program.run("node", "join", "--config", str(self.servers[node.id].config),
                         stdin=(change(text) if change else text) + "\n")

    def people(self, node: Node, one_time: str) -> None:
        """Organisations, people with passwords of their own, the pack, the devices, a token."""
        entry = self.secrets["nodes"].setdefault(node.id, {"people": {}})
        admin = self.enter(node, ADMINISTRATOR, one_time, "administrator", "管理员 Administrator")
        own = admin.get("/me")["organisation"]
        entry["organisation"] = own
        for organisation in self.pack.people["organisations"].get(node.level, []):
            admin.post("/organisations",
                       {"jurisdiction": node.code, "disabled": False, **organisation})
        admin.post("/packs", self.pack.body())
        for person in self.pack.people["levels"][node.level]:
            organisation = person.get("unit", own)
            grant = {"role": person["role"], "organisation": organisation,
                     "jurisdiction": node.code, "maximumDataClass": "personal"}
            if person["role"] in ("viewer",):
                grant["maximumDataClass"] = "work"
            if person["role"] in ("auditor",):
                grant["maximumDataClass"] = "restricted"
            made = admin.post("/users", {
                "login": person["login"], "displayName": person["name"], "language": "zh-CN",
                "organisation": organisation, "jurisdiction": node.code, "grants": [grant]})
            self.enter(node, person["login"], made["password"], person["role"],
                       person["name"])
        devices = self.pack.street_devices(node.code) if node.level == "street" else []
        for device in devices:
            admin.post("/devices", registration(device, self.rng))
        if devices:
            entry["token"] = admin.post("/tokens", {
                "kind": "dev", "principal": f"gateway-{node.id}", "name": "物联网关 Gateway",
                "scopes": ["write-readings"], "jurisdiction": node.code, "organisation": own,
                "grants": [{"role": "device", "organisation": own, "jurisdiction": node.code,
                            "maximumDataClass": "work"}]})["text"]

    def enter(self, node: Node, login: str, one_time: str, role: str, name: str) -> Client:
        """Logs in with a one-time password, sets a new one, and goes on with that."""
        client = Client(self.port(node))
        client.log_in(login, one_time)
        password = new_password()
        client.change_password(one_time, password)
        self.secrets["nodes"][node.id]["people"][login] = {
            "password": password, "role": role, "name": name}
        client.log_in(login, password)
        self.sessions[node.id, login] = client
        return client

    # -- who is there

    def save(self) -> None:
        temporary = self.secrets_file.with_suffix(".new")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
                       "w") as file:
            json.dump(self.secrets, file, ensure_ascii=False, indent=1)
        temporary.rename(self.secrets_file)

    def load(self) -> None:
        self.secrets = json.loads(self.secrets_file.read_text())

    def session(self, node: Node, login: str) -> Client:
        """Somebody's session, begun when it is first needed."""
        client = self.sessions.get((node.id, login))
        if client is None:
            client = Client(self.port(node))
            client.log_in(login, self.secrets["nodes"][node.id]["people"][login]["password"])
            self.sessions[node.id, login] = client
        return client

    def who(self, node: Node, role: str) -> Client:
        """A session of somebody of that role."""
        for login, person in self.secrets["nodes"][node.id]["people"].items():
            if person["role"] == role:
                return self.session(node, login)
        raise KeyError(f"{node.id} has no {role}")

    def gateway(self, node: Node) -> Client:
        return Client(self.port(node), token=self.secrets["nodes"][node.id]["token"])
