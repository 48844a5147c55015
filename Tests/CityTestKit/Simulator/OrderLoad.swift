import CityCore
import Incidents
import Journal
import Operations

/// One order to many units of one node, for measuring what each of their reports costs.
public struct OrderLoad {
  private let node: SimNode
  private var core: CommandCore
  private var now = UTCTime(seconds: 1_790_000_000)
  private var tasks: [ThingID] = []
  private let order: ThingID
  private let party: ActingParty

  /// - Parameter recipients: 1...``CityCore/Limits/recipients``.
  /// - Throws: ``Problem``.
  public init(recipients: Int) throws {
    guard let id = NodeID(rawValue: "city"), let code = AdminCode(rawValue: "3301"),
      let person = PrincipalID(rawValue: "usr-city")
    else { throw Problem(.internalFault, "a sample is not valid") }
    let store = MemoryStore()
    store.initialise(node: id, epoch: Epoch(rawValue: 1))
    node = SimNode(
      id: id, level: .city, jurisdiction: code, parent: nil, store: store, isDepartment: false,
      skew: .zero)
    try node.boot(seed: 1, bug: nil)
    guard var core = node.core else { throw Problem(.internalFault, "a node does not start") }
    party = ActingParty(
      actor: Actor(kind: .person, id: person, node: id), capacities: [.command, .leader, .handler])
    let units = (0..<recipients).map { number in
      OrderTarget(
        node: id, organisation: PrincipalID(rawValue: "org-\(number)"),
        name: Label(zh: "单位 \(number)", en: "Unit \(number)"))
    }
    var outcome = CoreOutcome()
    order = try core.issueOrder(
      OrderIssue(title: "order", grade: .red, recipients: [], jurisdiction: code), to: units,
      by: party, now: now, store: store, outcome: &outcome)
    tasks = try store.things(parent: order, limit: recipients).map(\.id)
    try core.seal(store: store)
    store.commit()
    self.core = core
  }

  /// Every unit accepts, reports twice, and completes; each report is a commit of its own.
  /// - Returns: how many reports the order took in.
  public mutating func run() throws -> Int {
    let first = try node.store.thing(order)?.version ?? 0
    let steps: [TaskCommand] = [
      .accept, .progress(text: "on the way", percent: 30), .progress(text: "there", percent: 70),
      .complete(text: "done"),
    ]
    for step in steps {
      for task in tasks {
        var outcome = CoreOutcome()
        now = now + .milliseconds(1)
        try core.act(
          on: task, step, by: party, now: now, store: node.store, outcome: &outcome)
        try core.seal(store: node.store)
        node.store.commit()
      }
    }
    return (try node.store.thing(order)?.version ?? 0) - first
  }
}
