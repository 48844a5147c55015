import CityCore
import CityTestKit
import Journal
import Testing

/// A node's journal over a store in memory, and a clock that moves by hand.
struct Bench {
  let node: NodeID
  let store = MemoryStore()
  var journal: Journal
  var now = UTCTime(seconds: 1_800_000_000)
  let signer: NodeSigner

  static let epoch = Epoch(rawValue: 7)

  init(_ name: String = "street") throws {
    node = try #require(NodeID(rawValue: name))
    store.initialise(node: node, epoch: Self.epoch)
    signer = try NodeSigner(rawKey: [UInt8](repeating: UInt8(name.utf8.count), count: 32))
    journal = try Journal(store: store, signer: signer, projectors: ProjectorTable())
  }

  func actor() throws -> Actor {
    Actor(kind: .person, id: try #require(PrincipalID(rawValue: "officer")), node: node)
  }

  func draft(
    _ kind: String, _ thing: ThingID, body: String = "{}", sealed: [SealedRef] = []
  ) throws -> Draft {
    Draft(
      kind: kind, thing: thing, actor: try actor(),
      labels: Labels(jurisdiction: try #require(AdminCode(rawValue: "330106003"))),
      body: Array(body.utf8), sealed: sealed)
  }

  /// Commits and signs drafts, a second after the last ones.
  @discardableResult
  mutating func commit(
    _ drafts: [Draft], expected: [Batch.Expectation] = []
  ) throws -> [PositionedEvent] {
    now = now + .seconds(1)
    let events = try journal.commit(
      Batch(expected: expected, drafts: drafts), now: now, store: store)
    _ = try journal.seal(store: store)
    store.commit()
    return events
  }

  mutating func custody(_ event: CustodyEvent, _ thing: ThingID) throws -> StoredEvent {
    var draft = try draft(event.kind, thing)
    draft.body = event.body
    return try #require(try commit([draft]).first).event
  }

  /// The chain as it lies in the store.
  func chain() throws -> [StoredEvent] {
    try store.events(node: node, epoch: Self.epoch, after: 0, limit: .max).map(\.event)
  }

  /// Takes in an event of another node.
  mutating func absorb(_ event: StoredEvent) throws -> Absorption {
    try journal.absorb(
      event, arrival: Arrival(via: event.id.node, time: now, hops: []), now: now, store: store)
  }
}

func thing(_ key: String) throws -> ThingID { try #require(ThingID(kind: "inc", key: key)) }

/// The code of the problem that `body` throws.
func code(_ body: () throws -> Void) -> Problem.Code? {
  do {
    try body()
    return nil
  } catch {
    return (error as? Problem)?.code
  }
}
