import CityCore
import CityTestKit
import Journal
import Testing

@testable import Linkage

/// One end of a link over a store in memory; the test plays the other end.
struct SessionTests {
  private struct AllowAll: ReleaseGate {
    var version: Int { 1 }
    func verdict(
      kind: String, labels: Labels, neighbour: Neighbour, direction: LinkDirection,
      addressed: Bool, follows: Bool
    ) -> ReleaseVerdict { .full }
  }

  private struct End {
    let node: NodeID
    let peer: NodeID
    let store = MemoryStore()
    var journal: Journal
    var engine: LinkEngine
    var now = UTCTime(seconds: 1_800_000_000)

    init(_ name: String, peer other: String, relation: Relation) throws {
      node = try #require(NodeID(rawValue: name))
      peer = try #require(NodeID(rawValue: other))
      let signer = try NodeSigner(rawKey: SessionTests.key(name))
      store.initialise(node: node, epoch: Epoch(rawValue: UInt64(name.utf8.count)))
      try store.put(
        Neighbour(
          node: peer, relation: relation, level: relation == .parent ? .district : .street,
          name: Label(zh: other, en: other),
          jurisdiction: try #require(AdminCode(rawValue: "330106")),
          publicKey: try NodeSigner(rawKey: SessionTests.key(other)).publicKey, since: now))
      journal = try Journal(store: store, signer: signer, projectors: ProjectorTable())
      engine = try LinkEngine(
        node: node, instance: "\(name)-1", software: "test", gate: AllowAll(),
        ownKey: signer.publicKey, verifier: NodeSignatureVerifier(), store: store)
    }

    /// Files `count` cases and puts them on the link.
    mutating func file(_ count: Int) throws {
      let actor = Actor(
        kind: .node, id: try #require(PrincipalID(rawValue: "node")), node: node)
      let place = try #require(AdminCode(rawValue: "330106"))
      let first = try store.lastPosition()
      let drafts = try (0..<count).map { index in
        Draft(
          kind: "incident.filed",
          thing: try #require(ThingID(kind: "inc", key: "\(node)\(first)x\(index)")),
          actor: actor, labels: Labels(jurisdiction: place), body: Array("{}".utf8))
      }
      let events = try journal.commit(Batch(drafts: drafts), now: now, store: store)
      try engine.release(events, store: store)
      _ = try journal.seal(store: store)
      store.commit()
    }

    /// The hello that this end sends on a new connection.
    mutating func hello(_ connection: UInt64) throws -> Frame {
      let outcome = try engine.opened(peer, connection: connection, now: now, store: store)
      guard case .send(_, _, let frame)? = outcome.effects.first else {
        throw Problem(.internalFault, "no hello was sent")
      }
      return frame
    }

    mutating func take(_ frame: Frame, _ connection: UInt64) throws -> LinkOutcome {
      let outcome = try engine.receive(
        frame, from: peer, connection: connection, now: now, journal: &journal, store: store)
      _ = try journal.seal(store: store)
      store.commit()
      return outcome
    }

    mutating func pumped() throws -> [Frame.DataFrame] {
      try engine.pump(now: now, store: store).compactMap { effect in
        if case .send(_, _, .data(let data)) = effect { data } else { nil }
      }
    }
  }

  private static func key(_ name: String) -> [UInt8] {
    [UInt8](repeating: UInt8(name.utf8.count), count: 32)
  }

  private func pair() throws -> (street: End, district: End) {
    (
      try End("street", peer: "district", relation: .parent),
      try End("district", peer: "street", relation: .child)
    )
  }

  /// Both ends exchange hellos.
  private func connect(_ a: inout End, _ b: inout End, _ connection: UInt64) throws {
    let hellos = (try a.hello(connection), try b.hello(connection))
    _ = try b.take(hellos.0, connection)
    _ = try a.take(hellos.1, connection)
  }

  private func codes(_ outcome: LinkOutcome) -> [String] {
    outcome.effects.compactMap { if case .close(_, _, let code) = $0 { code } else { nil } }
  }

  @Test func `after a cut the sender rewinds to what the receiver has`() throws {
    var (street, district) = try pair()
    try street.file(450)
    try connect(&street, &district, 1)
    let frames = try street.pumped()
    #expect(frames.map(\.entries.count) == [200, 200, 50])
    let first = try #require(frames.first)
    _ = try district.take(.data(first), 1)
    // The line is cut: two frames and the acknowledgement are lost.
    street.engine.closed(street.peer, connection: 1)
    district.engine.closed(district.peer, connection: 1)
    try connect(&street, &district, 2)
    let again = try street.pumped()
    #expect(again.first?.entries.first?.seq == 201)
    for frame in again { _ = try district.take(.data(frame), 2) }
    _ = try district.take(.data(first), 2)
    #expect(try district.store.lastPosition() == 450)
  }

  @Test func `no more than a window is on its way unacknowledged`() throws {
    var (street, district) = try pair()
    let window = Int(LinkTiming.window)
    try street.file(window + 600)
    try connect(&street, &district, 1)
    #expect(try street.pumped().reduce(0) { $0 + $1.entries.count } == window)
    #expect(try street.pumped().isEmpty)
    _ = try street.take(.ack(Frame.Ack(epoch: Epoch(rawValue: 6), through: 600)), 1)
    #expect(try street.pumped().reduce(0) { $0 + $1.entries.count } == 600)
  }

  @Test func `a gap closes the connection and keeps nothing`() throws {
    var (street, district) = try pair()
    try street.file(450)
    try connect(&street, &district, 1)
    let frames = try street.pumped()
    let last = try #require(frames.last)
    #expect(throws: Problem.self) { try district.take(.data(last), 1) }
    #expect(try district.store.lastPosition() == 0)
  }

  @Test func `a second process of a connected neighbour is turned away`() throws {
    var (street, district) = try pair()
    try connect(&street, &district, 1)
    guard case .hello(var twin) = try street.hello(2) else { return }
    twin.instance = "street-2"
    _ = try district.hello(2)
    #expect(codes(try district.take(.hello(twin), 2)) == ["twin"])
    #expect(district.engine.sessions[district.peer]?.connection == 1)
    // Once the first has been silent long enough, the second is let in.
    district.now = district.now + LinkTiming.silence + .seconds(1)
    _ = try district.hello(3)
    #expect(codes(try district.take(.hello(twin), 3)) == ["replaced"])
    #expect(district.engine.sessions[district.peer]?.connection == 3)
  }

  @Test func `a node that lost releases unknowingly learns it from the hello`() throws {
    var (street, _) = try pair()
    try street.file(3)
    _ = try street.hello(1)
    let hello = Frame.Hello(
      protocols: [1], node: street.peer, epoch: Epoch(rawValue: 8), instance: "i",
      applied: [Frame.Cursor(epoch: Epoch(rawValue: 6), through: 9)], seq: 0, hash: .zero,
      restored: nil, time: street.now, software: "test")
    let outcome = try street.take(.hello(hello), 1)
    #expect(outcome.rolledBack)
    #expect(codes(outcome) == ["rolled-back"])
  }

  @Test func `a neighbour declared lost while it greets is not let in`() throws {
    var (street, district) = try pair()
    let hello = try street.hello(1)
    _ = try district.hello(1)
    var lost = try #require(district.engine.neighbour(district.peer))
    lost.standing = .lost
    try district.store.put(lost)
    try district.engine.reload(store: district.store)
    #expect(codes(try district.take(hello, 1)) == ["unknown-neighbour"])
  }

  @Test func `an acknowledgement of what was never sent is refused`() throws {
    var (street, district) = try pair()
    try street.file(3)
    try connect(&street, &district, 1)
    #expect(throws: Problem.self) {
      try street.take(.ack(Frame.Ack(epoch: Epoch(rawValue: 6), through: 4)), 1)
    }
  }

  @Test func `a new life begins with the descriptions of all writers`() throws {
    var (street, district) = try pair()
    let place = try #require(AdminCode(rawValue: "330106"))
    let thing = try #require(NodeDescription.thing(for: street.node))
    let actor = Actor(
      kind: .node, id: try #require(PrincipalID(rawValue: "node")), node: street.node)
    let described = try street.journal.commit(
      Batch(drafts: [
        Draft(
          kind: NodeDescription.eventKind, thing: thing, actor: actor,
          labels: Labels(jurisdiction: place), body: Array("{}".utf8))
      ]), now: street.now, store: street.store)
    try street.engine.release(described, store: street.store)
    try street.file(2)
    try connect(&street, &district, 1)
    // Everything is acknowledged, then the street is restored. The district may have been, too.
    var cursor = try #require(try street.store.outbox(street.peer))
    cursor.acknowledged = cursor.released
    try street.store.putOutbox(street.peer, cursor)
    try street.journal.beginEpoch(Epoch(rawValue: 99), store: street.store)
    try street.engine.rebase(store: street.store)
    let numbered = try street.store.outgoing(
      link: street.peer, epoch: Epoch(rawValue: 99), after: 0, limit: 9)
    #expect(numbered.map(\.item.event.kind) == [NodeDescription.eventKind])
    #expect(try street.store.outbox(street.peer)?.released == 1)
  }

  @Test func `a link on which nothing happened is not looked at until the next tick`() throws {
    var (street, district) = try pair()
    try street.file(1)
    try connect(&street, &district, 1)
    #expect(try street.pumped().count == 1)
    #expect(try street.pumped().isEmpty)
    // Somebody else numbered something; only a tick looks at links unasked.
    var cursor = try #require(try street.store.outbox(street.peer))
    cursor.released += 1
    try street.store.append(
      Release(linkSeq: cursor.released, position: 1, policyVersion: 1, withSealed: false),
      link: street.peer, epoch: cursor.epoch)
    try street.store.putOutbox(street.peer, cursor)
    #expect(try street.pumped().isEmpty)
    _ = try street.engine.tick(now: street.now, store: street.store)
    #expect(try street.pumped().map(\.entries.count) == [1])
  }

  @Test func `what cannot be read does not count as sent`() throws {
    var (street, district) = try pair()
    try street.file(1)
    try connect(&street, &district, 1)
    _ = try street.pumped()
    let sent = try #require(street.engine.sessions[street.peer]?.sentThrough)
    var cursor = try #require(try street.store.outbox(street.peer))
    cursor.released += 1
    // A release of an event that is not there.
    try street.store.append(
      Release(linkSeq: cursor.released, position: 99, policyVersion: 1, withSealed: false),
      link: street.peer, epoch: cursor.epoch)
    try street.store.putOutbox(street.peer, cursor)
    _ = try street.engine.tick(now: street.now, store: street.store)
    #expect(throws: Problem.self) { try street.pumped() }
    #expect(street.engine.sessions[street.peer]?.sentThrough == sent)
    #expect(throws: Problem.self, "it is tried again") { try street.pumped() }
  }
}
