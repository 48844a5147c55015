import Access
import CityCore
import CityJSON
import Foundation
import Incidents
import Journal
import Node
import Operations
import StoreSQLite
import Synchronization

/// A command from decision to disk: decide, append, project and sign, on the store and the keys of a
/// node that `citybeacon node init` made.
struct CommitRow: Row {
  let name = "commit"
  let title = "commands: decide, append, project, sign, commit"

  /// Commands under way at once.
  private static let lanes = 64

  func run(_ bench: Bench) throws -> Outcome {
    let folder = try bench.freshFolder(name)
    let node = BenchNode(BenchNode.Plan(id: "bench-commit"), in: folder, bench)
    try node.initialise()
    let desk = try CommandDesk(data: node.data)
    let seconds = bench.isQuick ? 1.0 : 4.0
    let rounds = bench.isQuick ? 1 : 3
    _ = try bench.wait { try await desk.file(for: 0.5, lanes: Self.lanes) }
    var rates: [Double] = []
    var costs: [Double] = []
    for round in 1...rounds {
      let processor = ProcessUsage.own()
      let (count, elapsed) = try bench.wait {
        try await desk.file(for: seconds, lanes: Self.lanes)
      }
      rates.append(Double(count) / elapsed)
      costs.append((ProcessUsage.own() - processor) / Double(count) * 1_000)
      bench.say(
        "round \(round): \(Report.number(rates[round - 1])) commands/s, "
          + "\(Report.number(costs[round - 1])) ms each")
    }
    desk.close()
    let http = try OverHTTP(bench, folder: folder, seconds: seconds)
    return Outcome(
      checks: [
        .atMost(0.5, "ms", "processor time of a command", costs.median),
        .atLeast(3_000, "commands/s", "durable commands", rates.median),
      ],
      detail: [
        Figure("least of the rounds", rates.min() ?? .nan, "commands/s"),
        Figure("over HTTP: cases filed and confirmed", http.perSecond, "commands/s"),
        Figure("over HTTP: processor time of the node", http.processor, "ms/command"),
        Figure("over HTTP: median answer", http.median, "ms"),
        Figure("over HTTP: p99 answer", http.p99, "ms"),
      ])
  }
}

/// The command engine of a node that does not run, over its own store.
private final class CommandDesk: Sendable {
  private let storage: SQLiteNodeStore
  private let engine: CommandEngine
  private let party: ActingParty
  private let jurisdiction: AdminCode
  private let filed = Atomic<Int>(0)

  private struct Wall: Clock64 {
    func now() -> UTCTime {
      UTCTime(rawValue: Int64(Date().timeIntervalSince1970 * 1_000_000))
    }
  }

  init(data: String) throws {
    let home = NodeHome(data)
    let keys = try home.loadKeys()
    storage = try SQLiteNodeStore(path: home.database)
    guard let jurisdiction = AdminCode(rawValue: "339102001"),
      let person = PrincipalID(rawValue: "prs-bench"), let own = PrincipalID(rawValue: "org-bench")
    else { throw Unmeasured("no such names") }
    self.jurisdiction = jurisdiction
    let core = try storage.transaction { store in
      try CommandCore(
        store: store, signer: keys.signer, verifier: NodeSignatureVerifier(),
        vault: try Vault(masterKey: keys.master),
        gate: PolicyGate(policy: .standard, own: jurisdiction), random: SystemRandom(),
        instance: "bench",
        settings: CoreSettings(
          level: .street, name: Label(zh: "清潭街道", en: "Qingtan Street"),
          jurisdiction: jurisdiction, isDepartment: false, zoneOffset: 28_800,
          handling: HandlingPolicy(rows: []),
          limits: LimitsTable(rows: []), calendar: .standard, classes: .none, acceptsOffers: false,
          unacknowledgedAfter: .minutes(2), selfPrincipal: own))
    }
    party = ActingParty(
      actor: Actor(
        kind: .person, id: person, node: core.node, role: "duty-officer", organisation: own),
      capacities: [.supervision])
    engine = CommandEngine(
      core: core, storage: storage, clock: Wall(),
      sinks: CommandEngine.Sinks(links: { _ in }, events: { _ in }, wanted: { _ in }))
  }

  func close() { storage.close() }

  /// Files cases and confirms each, from as many lanes.
  /// - Returns: commands that are durable, and the seconds that they took.
  func file(for seconds: Double, lanes: Int) async throws -> (Int, Double) {
    let begun = ContinuousClock.now
    return try await withThrowingTaskGroup(of: Int.self) { group in
      for _ in 0..<lanes {
        group.addTask { [self] in
          var count = 0
          while begun.elapsed < seconds {
            let number = filed.add(1, ordering: .relaxed).newValue
            let report = CaseReport(
              title: "积水 Flooded underpass \(number)", description: "Half a metre at the ramp.",
              classCode: "E0403", grade: .yellow, source: .public, jurisdiction: jurisdiction)
            let party = party
            let thing = try await engine.perform { core, now, store, outcome in
              try core.fileIncident(
                report, by: party, now: now, store: store, outcome: &outcome)
            }
            try await engine.perform { core, now, store, outcome in
              try core.act(
                on: thing, .confirm(onSite: true, text: nil), by: party, now: now, store: store,
                outcome: &outcome)
            }
            count += 2
          }
          return count
        }
      }
      let count = try await group.reduce(0, +)
      return (count, begun.elapsed)
    }
  }
}

/// The same commands as a program sends them to a running node.
private struct OverHTTP {
  let perSecond: Double
  /// Milliseconds.
  let processor: Double
  let median: Double
  let p99: Double

  init(_ bench: Bench, folder: String, seconds: Double) throws {
    let node = BenchNode(BenchNode.Plan(id: "bench-cases"), in: folder, bench)
    try node.initialise()
    try node.start()
    defer { node.stop() }
    try node.applyPack()
    let fields = "Authorization: Bearer \(try node.programToken(role: "duty-officer"))\r\n"
    let client = try LoadClient(port: node.http, connections: 32)
    var ids: [String] = []
    client.onAnswer = { answer in
      if let id = Self.incident(in: answer) { ids.append(id) }
    }
    let before = try node.processorSeconds()
    let body = Array(
      (#"{"title":"积水 Flooded underpass","description":"Half a metre at the ramp.","#
        + #""classCode":"E0403","grade":"yellow","jurisdiction":"339102001"}"#).utf8)
    var filings = RenderedRequests()
    for number in 0..<Int(seconds * 6_000) {
      filings.appendPost(
        "/api/v1/incidents", fields: fields + "Idempotency-Key: file-\(number)-bench\r\n",
        body: body)
    }
    let filed = try client.run(filings, 0..<filings.count, seconds: seconds, ending: [])
    client.onAnswer = nil
    guard filed.refused == 0, ids.count == filed.answered else {
      throw Unmeasured("cases were not filed: \(filed.firstRefusal)")
    }
    var confirmations = RenderedRequests()
    for id in ids {
      confirmations.appendPost(
        "/api/v1/incidents/\(id)/confirm",
        fields: fields + "Idempotency-Key: confirm-\(id)\r\n", body: Array(#"{"onSite":true}"#.utf8)
      )
    }
    let confirmed = try client.run(
      confirmations, 0..<confirmations.count, seconds: seconds, ending: [])
    guard confirmed.refused == 0 else {
      throw Unmeasured("cases were not confirmed: \(confirmed.firstRefusal)")
    }
    let count = Double(filed.answered + confirmed.answered)
    perSecond = count / (filed.seconds + confirmed.seconds)
    processor = (try node.processorSeconds() - before) / count * 1_000
    let latencies = filed.latencies + confirmed.latencies
    median = latencies.quantile(0.5) * 1_000
    p99 = latencies.quantile(0.99) * 1_000
  }

  /// The case that an answer is about.
  private static func incident(in answer: UnsafeBufferPointer<UInt8>) -> String? {
    let text = String(decoding: answer, as: UTF8.self)
    return text.firstRange(of: #""id":"inc_"#).map { range in
      "inc_" + text[range.upperBound...].prefix { $0 != "\"" }
    }
  }
}
