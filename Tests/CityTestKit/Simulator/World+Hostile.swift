import CityCore
import CityJSON
import Incidents
import Journal
import Linkage
import Operations

/// What administrators do in need, and what an adversary with a valid certificate may try.
extension World {
  mutating func overriding() {
    let waiting = nodes.indices.filter {
      nodes[$0].isUp && nodes[$0].store.tables.quarantine?.isOverridden == false
    }
    guard !waiting.isEmpty else { return }
    let index = waiting[random.below(waiting.count)]
    let actor = party(index, []).actor
    let done = run(index, "overrides its quarantine") { core, now, store, outcome in
      outcome = try core.overrideQuarantine(by: actor, reason: "r", now: now, store: store)
    }
    if done { coverage.count("quarantine overridden") }
    flush(index)
  }

  mutating func declaringLost() {
    let wire = random.below(wires.count)
    guard let index = indexOf[wires[wire].parent] else { return }
    let lost = wires[wire].child
    let actor = party(index, []).actor
    let done = run(index, "declares \(lost) lost") { core, now, store, outcome in
      try core.declareLost(
        lost, reason: "r", by: actor, now: now, store: store, outcome: &outcome)
    }
    if done { coverage.count("declared lost") }
    flush(index)
  }

  mutating func revoking() {
    let wire = random.below(wires.count)
    guard let index = indexOf[wires[wire].parent] else { return }
    let child = wires[wire].child
    guard nodes[index].store.tables.neighbours[child]?.standing == .active else { return }
    let actor = party(index, []).actor
    let done = run(index, "revokes \(child)") { core, now, store, outcome in
      try core.revokeNeighbour(
        child, reason: "r", by: actor, now: now, store: store, outcome: &outcome)
    }
    if done { coverage.count("revoked") }
    flush(index)
  }

  /// Some that were declared lost or revoked join again; at the end all of them.
  mutating func readmit(all: Bool) {
    for index in nodes.indices where nodes[index].isUp {
      let out = nodes[index].store.tables.neighbours.values.filter { $0.standing != .active }
      for neighbour in out.sorted(by: { $0.node < $1.node }) where all || random.below(2) == 0 {
        var again = neighbour
        again.standing = .active
        let actor = party(index, []).actor
        let done = run(index, "takes \(again.node) in again") { core, now, store, outcome in
          try core.addNeighbour(again, by: actor, now: now, store: store, outcome: &outcome)
        }
        if done { coverage.count("taken in again") }
        flush(index)
      }
    }
  }

  /// A second process with the certificate of a neighbour: it is turned away while the first one
  /// lives.
  mutating func twinning() {
    let wire = random.below(wires.count)
    let isUp = random.below(2) == 0
    let twin = isUp ? wires[wire].child : wires[wire].parent
    guard wires[wire].connection != nil,
      let index = indexOf[isUp ? wires[wire].parent : wires[wire].child],
      let session = nodes[index].core?.links.sessions[twin], session.phase == .established,
      let hello = session.peer, now + nodes[index].skew - session.lastHeard < LinkTiming.silence
    else { return }
    connections += 1
    let connection = connections
    var forged = hello
    forged.instance = "twin-\(connection)"
    var closed: [UInt64] = []
    let done = run(index, "meets a twin of \(twin)") { core, now, store, outcome in
      outcome = try core.linkOpened(twin, connection: connection, now: now, store: store)
      outcome = try core.receive(
        .hello(forged), from: twin, connection: connection, now: now, store: store)
      for case .close(_, let which, _) in outcome.links { closed.append(which) }
    }
    guard done else { return }
    coverage.count("twin")
    if closed != [connection] { fail("I16 \(nodes[index].id) let a twin of \(twin) in") }
  }

  /// Sends a node one forged frame on an established session, looks at what it took, and takes the
  /// whole step back.
  mutating func probing() {
    let wire = random.below(wires.count)
    let isUp = random.below(2) == 0
    let sender = isUp ? wires[wire].child : wires[wire].parent
    guard let connection = wires[wire].connection,
      let victim = indexOf[isUp ? wires[wire].parent : wires[wire].child],
      let attacker = indexOf[sender], var core = nodes[victim].core,
      let session = core.links.sessions[sender], session.phase == .established,
      session.connection == connection, let hello = session.peer
    else { return }
    let store = nodes[victim].store
    let known = store.tables.things.values.filter { $0.owner != sender && $0.id.kind == "inc" }
      .sorted { $0.id < $1.id }
    let target = known.isEmpty ? nil : known[random.below(known.count)]
    // Those that need something to steal, more often.
    let forgery =
      target == nil || random.below(2) == 0
      ? Forgery.allCases[random.below(Forgery.allCases.count)]
      : Forgery.thefts[random.below(Forgery.thefts.count)]
    let through = (try? store.inbox(sender, epoch: hello.epoch)) ?? 0
    guard
      let frame = forge(
        forgery, by: attacker, isFromBelow: isUp, epoch: hello.epoch, seq: through + 1,
        target: target)
    else { return }
    coverage.count("forgery: \(forgery)")
    let savepoint = store.savepoint
    defer { store.rollback(to: savepoint) }
    let events = store.tables.events.count
    let before = target.flatMap { store.tables.things[$0.id] }
    do {
      _ = try core.receive(
        frame, from: sender, connection: connection, now: now + nodes[victim].skew, store: store)
    } catch let problem as Problem where problem.code != .internalFault {
    } catch {
      return fail("I17 \(nodes[victim].id) breaks on a forgery (\(forgery)): \(error)")
    }
    let taken = store.tables.events.dropFirst(events).filter { $0.arrival != nil }
    if let event = taken.first {
      return fail("I17 \(nodes[victim].id) took \(event.event.id) (\(forgery))")
    }
    if before != target.flatMap({ store.tables.things[$0.id] }) {
      return fail("I17 \(nodes[victim].id) let a forgery (\(forgery)) change a thing")
    }
  }

  enum Forgery: CaseIterable {
    /// The body was changed after hashing.
    case changedBody
    /// The hash was changed beside the body.
    case changedHash
    /// The envelope names another thing than the header.
    case changedEnvelope
    /// Hashed anew, under a signature of something else.
    case unsignedEvent
    /// In the name of another node, signed with the attacker's key.
    case foreignName
    /// A case outside the attacker's jurisdiction, properly signed.
    case foreignJurisdiction
    /// A transition of a thing that the attacker does not own.
    case stolenTransition
    /// Takes over a thing that it was not offered.
    case stolenAcceptance
    /// Forfeits what a node owns that it does not command.
    case stolenForfeit
    /// Another beginning of a thing that exists.
    case secondBeginning
    /// A gap in the link's numbers.
    case gap
    /// Of another life than the hello named.
    case foreignLife
    /// Events of the receiver's own, made up by the attacker.
    case madeUpReturn
    /// Acknowledges what was never sent.
    case acknowledgedAhead

    static let thefts: [Forgery] = [
      .stolenTransition, .stolenAcceptance, .stolenForfeit, .secondBeginning,
    ]
  }

  private func forge(
    _ forgery: Forgery, by index: Int, isFromBelow: Bool, epoch: Epoch, seq: Int64,
    target: ThingRecord?
  ) -> Frame? {
    let attacker = nodes[index]
    let other = nodes[(index + 1) % nodes.count].id
    let isChild = isFromBelow && !attacker.isDepartment
    func header(
      _ kind: String, _ thing: ThingID?, term: Int = 1, version: Int = 1, node: NodeID? = nil,
      life: Epoch? = nil
    ) -> EventHeader? {
      guard let thing else { return nil }
      let actor = party(index, []).actor
      return EventHeader(
        id: EventID(node: node ?? attacker.id, epoch: life ?? epoch, seq: 9_000_000), kind: kind,
        thing: thing, term: term, version: version,
        time: HybridTime(milliseconds: now.milliseconds), actor: actor,
        labels: target?.labels
          ?? Labels(jurisdiction: attacker.jurisdiction, parties: [other]))
    }
    let fresh = ThingID(kind: "inc", key: "forged")
    let accepted = CustodyEvent.accepted(from: other).body
    switch forgery {
    case .acknowledgedAhead:
      return .ack(
        Frame.Ack(epoch: nodes[index].store.tables.head?.epoch ?? epoch, through: 1 << 40))
    case .changedBody:
      return signed(header("incident.filed", fresh), epoch, seq, by: attacker.id) { event, _ in
        event.data = "{\"changed\":1}"
      }
    case .changedHash:
      return signed(header("incident.filed", fresh), epoch, seq, by: attacker.id) { event, _ in
        event.cbhash = .zero
      }
    case .changedEnvelope:
      guard let other = ThingID(kind: "inc", key: "other") else { return nil }
      return signed(header("incident.filed", fresh), epoch, seq, by: attacker.id) { event, _ in
        event.subject = other
      }
    case .foreignLife:
      return signed(
        header("incident.filed", fresh), Epoch(rawValue: epoch.rawValue ^ 1), seq,
        by: attacker.id)
    case .unsignedEvent:
      return signed(header("incident.filed", fresh), epoch, seq, by: attacker.id) { _, commit in
        commit.signature = String(repeating: "0", count: commit.signature.utf8.count)
      }
    case .foreignName:
      return signed(
        header("incident.filed", fresh, node: other), epoch, seq, by: attacker.id)
    case .foreignJurisdiction:
      guard isChild, var header = header("incident.filed", fresh) else { return nil }
      header.labels.jurisdiction = AdminCode(rawValue: "4401") ?? header.labels.jurisdiction
      return signed(header, epoch, seq, by: attacker.id)
    case .stolenTransition:
      guard let target else { return nil }
      return signed(
        header("incident.noted", target.id, term: target.term, version: target.version + 1),
        epoch, seq, by: attacker.id)
    case .stolenAcceptance:
      guard let target, target.offeredTo != attacker.id else { return nil }
      return signed(
        header(
          CustodyEvent.acceptedKind, target.id, term: target.term + 1,
          version: target.version + 1), epoch, seq, by: attacker.id, body: accepted)
    case .stolenForfeit:
      guard let target, isChild, target.offeredTo != attacker.id,
        !attacker.children.contains(target.owner)
      else { return nil }
      return signed(
        header(
          CustodyEvent.forfeitedKind, target.id, term: target.term + 5_000,
          version: target.version + 1), epoch, seq, by: attacker.id, body: accepted)
    case .secondBeginning:
      guard let target else { return nil }
      return signed(header("incident.filed", target.id), epoch, seq, by: attacker.id)
    case .gap:
      return signed(header("incident.filed", fresh), epoch, seq + 5, by: attacker.id)
    case .madeUpReturn:
      return signed(
        header("incident.filed", fresh, node: other, life: Epoch(rawValue: 99)), epoch, seq,
        by: attacker.id, isReturn: true)
    }
  }

  private static func stored(_ header: EventHeader, body: [UInt8]) -> StoredEvent? {
    guard let bytes = try? JSON.encode(header) else { return nil }
    let hash = StoredEvent.hash(previous: .zero, headerBytes: bytes, body: body, sealed: [])
    return StoredEvent(
      header: header, headerBytes: bytes, body: body, sealed: [], previous: .zero, hash: hash)
  }

  private func signed(
    _ header: EventHeader?, _ epoch: Epoch, _ seq: Int64, by signer: NodeID,
    body: [UInt8] = Array("{}".utf8), isReturn: Bool = false,
    change: (inout WireEvent, inout WireCommit) -> Void = { _, _ in }
  ) -> Frame? {
    guard let header, let event = Self.stored(header, body: body),
      let signature = try? SimSigner(node: signer).sign(CommitMark.message([event.hash]))
    else { return nil }
    var wire = WireEvent(event)
    var commit = WireCommit(
      CommitMark(
        node: header.id.node, epoch: header.id.epoch, firstSeq: header.id.seq,
        hashes: [event.hash], signature: signature))
    change(&wire, &commit)
    let entry = Frame.Entry(
      seq: seq, policy: 1, addressed: true, follows: true, event: wire, hops: [], sealed: nil)
    if isReturn {
      return .returned(
        Frame.Returned(epoch: header.id.epoch, events: [entry], commits: [commit], done: true))
    }
    return .data(Frame.DataFrame(epoch: epoch, sent: now, entries: [entry], commits: [commit]))
  }
}
