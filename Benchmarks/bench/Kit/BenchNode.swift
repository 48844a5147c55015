import CityJSON
import Foundation

/// A node as users run it: made by `citybeacon node init`, run by `citybeacon serve`, set up by its
/// API. Used on the main thread.
final class BenchNode {
  /// What it is; the rest of its settings are what a new node has.
  struct Plan {
    var id: String
    var level = "street"
    /// GB/T 2260, as the level asks.
    var jurisdiction = "339102001"
    var name = (zh: "清潭街道", en: "Qingtan Street")
    /// Further lines of the settings file.
    var settings: [String] = []
  }

  let plan: Plan
  private let bench: Bench
  private let folder: String
  private var process: ChildProcess?
  private var oneTimePassword: String?
  private var session: APIClient?
  private var password: String?
  /// Ports, known while it runs.
  private(set) var http = 0
  private(set) var link = 0

  private var config: String { "\(folder)/\(plan.id).yaml" }
  var data: String { "\(folder)/\(plan.id)" }
  private var log: String { "\(folder)/\(plan.id).log" }

  /// - Parameter folder: must exist; nodes of one city may share it.
  init(_ plan: Plan, in folder: String, _ bench: Bench) {
    (self.plan, self.folder, self.bench) = (plan, folder, bench)
  }

  deinit { stop() }

  /// `node init`.
  func initialise() throws {
    let lines =
      [
        "node:", "  id: \(plan.id)", "  level: \(plan.level)", "  name:",
        "    zh: \(plan.name.zh)", "    en: \(plan.name.en)",
        "  jurisdiction: \"\(plan.jurisdiction)\"", "  zone: \"+08:00\"", "data: \(data)",
        "http:", "  host: 127.0.0.1", "  port: 0", "  requestsPerSecond: 0",
        "link:", "  host: 127.0.0.1", "  port: 0",
      ] + plan.settings
    try (lines.joined(separator: "\n") + "\n").write(
      toFile: config, atomically: true, encoding: .utf8)
    let text = try ChildProcess.output(
      bench.citybeacon, ["node", "init", "--config", config, "--json"], log: log)
    oneTimePassword = try JSON.parse(text)["password"]?.stringValue
  }

  /// `node join`: takes the invitation of a running node, while this one does not run.
  func join(_ other: BenchNode, relation: String = "child") throws {
    let made = try other.admin().post(
      "/links/invitations",
      [
        "node": .string(plan.id), "relation": .string(relation), "level": .string(plan.level),
        "jurisdiction": .string(plan.jurisdiction),
        "name": ["zh": .string(plan.name.zh), "en": .string(plan.name.en)],
      ])
    guard let invitation = made["invitation"]?.stringValue else {
      throw Unmeasured("\(other.plan.id) gave no invitation")
    }
    _ = try ChildProcess.output(
      bench.citybeacon, ["node", "join", "--config", config], input: invitation + "\n", log: log)
  }

  /// `serve`; returns when it listens.
  func start() throws {
    let ports = "\(data)/ports.json"
    try? FileManager.default.removeItem(atPath: ports)
    let process = try ChildProcess(
      bench.citybeacon, ["serve", "--config", config], log: log)
    self.process = process
    (http, link) = try process.wait { () -> (Int, Int)? in
      guard let bytes = FileManager.default.contents(atPath: ports),
        let value = try? JSON.parse(Array(bytes)), let http = value["http"]?.intValue,
        (try? Socket(port: Int(http))) != nil
      else { return nil }
      return (Int(http), value["link"]?.intValue.map { Int($0) } ?? 0)
    }
  }

  /// SIGTERM, and waits.
  func stop() {
    process?.stop()
    (process, session) = (nil, nil)
  }

  /// SIGKILL, and waits.
  func kill() {
    process?.killNow()
    (process, session) = (nil, nil)
  }

  /// Stops and continues all its threads: SIGSTOP, SIGCONT.
  func send(signal: Int32) { process?.send(signal: signal) }

  var pid: Int32 { process?.pid ?? 0 }
  func processorSeconds() throws -> Double { try ProcessUsage.processorSeconds(pid) }

  // MARK: - Setting up, through the API

  /// The first administrator, logged in; the one-time password is changed at the first time.
  func admin() throws -> APIClient {
    if let session { return session }
    let client = APIClient(port: http)
    if let password {
      try client.logIn("admin", password: password)
    } else {
      guard let oneTimePassword else { throw Unmeasured("\(plan.id) has no administrator") }
      let own = "bench-" + String(UInt64.random(in: 1...(.max)), radix: 36)
      try client.logIn("admin", password: oneTimePassword)
      _ = try client.put(
        "/me/password", ["old": .string(oneTimePassword), "new": .string(own)])
      try client.logIn("admin", password: own)
      password = own
    }
    session = client
    return client
  }

  /// Makes a person and logs them in: `administrator`, `commander`, `duty-officer`, ….
  func person(_ login: String, role: String) throws -> APIClient {
    let admin = try admin()
    let own = try organisation()
    let made = try admin.post(
      "/users",
      [
        "login": .string(login), "displayName": .string(login), "language": "en",
        "organisation": .string(own), "jurisdiction": .string(plan.jurisdiction),
        "grants": [
          [
            "role": .string(role), "organisation": .string(own),
            "jurisdiction": .string(plan.jurisdiction), "maximumDataClass": "personal",
          ]
        ],
      ])
    guard let first = made["password"]?.stringValue else { throw Unmeasured("no password") }
    let fresh = "bench-" + String(UInt64.random(in: 1...(.max)), radix: 36)
    let client = APIClient(port: http)
    try client.logIn(login, password: first)
    _ = try client.put("/me/password", ["old": .string(first), "new": .string(fresh)])
    try client.logIn(login, password: fresh)
    return client
  }

  /// The organisation of the node's own government.
  func organisation() throws -> String {
    guard let own = try admin().get("/me")["organisation"]?.stringValue else {
      throw Unmeasured("the administrator has no organisation")
    }
    return own
  }

  /// Puts the bench's scenario pack in force.
  func applyPack() throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: bench.pack).sorted()
    let known = [
      "pack.yaml", "rules.yaml", "areas.geojson", "classes.csv", "limits.csv", "handling.yaml",
      "reminders.yaml",
    ]
    let files = try names.filter { known.contains($0) }.map { name -> JSONValue in
      let text = try String(contentsOfFile: "\(bench.pack)/\(name)", encoding: .utf8)
      return ["name": .string(name), "text": .string(text)]
    }
    _ = try admin().post("/packs", ["files": .array(files)])
  }

  /// A device token for readings.
  /// - Parameter devices: ids that it is bound to; nil: every device of the node.
  func deviceToken(for devices: [String]? = nil) throws -> String {
    var more: [(String, JSONValue)] = []
    if let devices { more.append(("devices", .array(devices.map { .string($0) }))) }
    return try token(kind: "dev", role: "device", scopes: ["write-readings"], more)
  }

  /// A program's token that may what the role may of these.
  func programToken(
    role: String, scopes: [String] = ["file-incident", "confirm-incident", "read-incidents"]
  ) throws -> String {
    let tomorrow = Date(timeIntervalSinceNow: 86_400).formatted(.iso8601)
    return try token(kind: "app", role: role, scopes: scopes, [("expires", .string(tomorrow))])
  }

  private func token(
    kind: String, role: String, scopes: [String], _ more: [(String, JSONValue)]
  ) throws -> String {
    let own = try organisation()
    let grant: JSONValue = [
      "role": .string(role), "organisation": .string(own),
      "jurisdiction": .string(plan.jurisdiction), "maximumDataClass": "work",
    ]
    let members: [(String, JSONValue)] = [
      ("kind", .string(kind)), ("principal", .string("bench-\(kind)")), ("name", "bench"),
      ("scopes", .array(scopes.map { .string($0) })),
      ("jurisdiction", .string(plan.jurisdiction)), ("organisation", .string(own)),
      ("grants", .array([grant])),
    ]
    let made = try admin().post("/tokens", .object(JSONObject(members + more)))
    guard let text = made["text"]?.stringValue else { throw Unmeasured("no token") }
    return text
  }
}
