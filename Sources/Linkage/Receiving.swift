public import CityCore
import CityJSON
public import Journal

extension LinkEngine {
  /// Takes one frame of a connection. What it changes in the store and in `journal` becomes durable
  /// with the caller's transaction; the effects, acknowledgements among them, follow after it.
  ///
  /// - Throws: ``Problem`` for a frame that must close the link; the caller rolls back and closes.
  public mutating func receive(
    _ frame: Frame, from peer: NodeID, connection: UInt64, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore
  ) throws -> LinkOutcome {
    var outcome = LinkOutcome()
    if case .hello(let hello) = frame {
      try greet(
        hello, from: peer, connection: connection, now: now, store: store, outcome: &outcome)
      return outcome
    }
    if case .refused(let refused) = frame, refused.seq == 0,
      greeting[connection] != nil || sessions[peer]?.connection == connection
    {
      // It is about the connection as a whole, and may come before the other end's hello.
      outcome.turnedAway = (peer, refused.code, refused.detail)
    }
    guard var session = sessions[peer], session.connection == connection else { return outcome }
    session.lastHeard = now
    switch frame {
    case .hello: break
    case .data(let data):
      session.eventsIn += Int64(data.entries.count)
      if !data.entries.isEmpty { session.lastEventIn = now }
      sessions[peer] = session
      try apply(
        data, from: peer, session: session, now: now, journal: &journal, store: store,
        outcome: &outcome)
    case .ack(let ack):
      if try acknowledge(ack, from: peer, store: store) { session.lastEventOut = now }
      sessions[peer] = session
    case .ping(let ping):
      session.peerReleased = ping.released
      sessions[peer] = session
      outcome.effects.append(
        .send(
          to: peer, connection: connection,
          frame: .pong(Frame.Pong(echo: ping.sent, received: now, sent: now))))
    case .pong(let pong):
      session.measure(pong, now: now)
      sessions[peer] = session
    case .returned(let returned):
      sessions[peer] = session
      try takeBack(
        returned, from: peer, session: session, now: now, journal: &journal, store: store,
        outcome: &outcome)
    case .refused(let refused):
      sessions[peer] = session
      guard refused.seq > 0 else { break }
      outcome.notes.append(
        LinkNote(
          kind: .refusedEvent, neighbour: peer,
          detail: "the neighbour refused \(refused.seq): \(refused.code) \(refused.detail)"))
    case .evidenceWanted(let wanted):
      sessions[peer] = session
      outcome.effects.append(.sendEvidence(to: peer, connection: connection, wanted))
    case .evidenceMissing(let missing):
      sessions[peer] = session
      outcome.effects.append(.evidenceMissing(from: peer, missing.sha256))
    case .vitals(let vitals):
      sessions[peer] = session
      let reports = admissible(vitals.reports, from: peer)
      if !reports.isEmpty { outcome.effects.append(.vitals(from: peer, reports)) }
    }
    return outcome
  }

  // MARK: - Hello

  private mutating func greet(
    _ hello: Frame.Hello, from peer: NodeID, connection: UInt64, now: UTCTime,
    store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws {
    guard var session = greeting.removeValue(forKey: connection) else { return }
    guard neighbourByID[peer]?.standing == .active else {
      return refuse(
        peer, connection, "unknown-neighbour", "\(peer) is no active neighbour", .protocolFault,
        &outcome)
    }
    guard hello.node == peer, hello.protocols.contains(1) else {
      return refuse(
        peer, connection, "protocol", "it says it is \(hello.node), protocols \(hello.protocols)",
        .protocolFault, &outcome)
    }
    if let old = sessions[peer], old.connection != connection {
      guard old.peer?.instance == hello.instance || now - old.lastHeard > LinkTiming.silence else {
        sessions[peer]?.noteRival(now: now)
        return refuse(
          peer, connection, "twin", "another process holds the certificate of \(peer)", .twin,
          &outcome)
      }
      outcome.effects.append(.close(peer, connection: old.connection, code: "replaced"))
    }
    let head = try store.journalHead()
    var cursor = try outbox(peer, epoch: head.epoch, store: store)
    let applied = hello.applied.first { $0.epoch == head.epoch }?.through ?? 0
    guard applied <= cursor.released else {
      outcome.rolledBack = true
      return refuse(
        peer, connection, "rolled-back",
        "\(peer) applied \(applied), we know of \(cursor.released)", .rolledBack, &outcome)
    }
    // What it lost in a restore it no longer has, whatever it once acknowledged.
    cursor.acknowledged = hello.restored == nil ? max(cursor.acknowledged, applied) : applied
    try store.putOutbox(peer, cursor)
    if hello.restored != nil, applied == 0 { try resupply(peer, store: store) }
    session.phase = .established
    session.peer = hello
    session.sentThrough = applied
    session.lastHeard = now
    session.returning = hello.restored.map { _ in 0 }
    sessions[peer] = session
    stirred.insert(peer)
    outcome.notes.append(
      LinkNote(kind: .opened, neighbour: peer, detail: "resumes after \(applied)"))
  }

  private func refuse(
    _ peer: NodeID, _ connection: UInt64, _ code: String, _ detail: String, _ kind: LinkNote.Kind,
    _ outcome: inout LinkOutcome
  ) {
    outcome.effects.append(
      .send(
        to: peer, connection: connection,
        frame: .refused(Frame.Refused(code: code, detail: detail, seq: 0))))
    outcome.effects.append(.close(peer, connection: connection, code: code))
    outcome.notes.append(LinkNote(kind: kind, neighbour: peer, detail: detail))
  }

  /// - Returns: whether the neighbour now has more than before.
  private mutating func acknowledge(
    _ ack: Frame.Ack, from peer: NodeID, store: any JournalStore & LinkStore
  ) throws -> Bool {
    let epoch = try store.journalHead().epoch
    var cursor = try outbox(peer, epoch: epoch, store: store)
    guard ack.epoch == epoch, ack.through > cursor.acknowledged else { return false }
    guard ack.through <= cursor.released else {
      throw Problem(.linkRefused, "\(peer) acknowledges \(ack.through), which was never sent")
    }
    cursor.acknowledged = ack.through
    try store.putOutbox(peer, cursor)
    stirred.insert(peer)
    return true
  }

  // MARK: - Data

  private mutating func apply(
    _ data: Frame.DataFrame, from peer: NodeID, session: LinkSession, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws {
    guard data.epoch == session.peer?.epoch else {
      throw Problem(.linkRefused, "data of epoch \(data.epoch), which its hello did not name")
    }
    let marks = try verified(data.commits, entries: data.entries, from: peer, store: store)
    var through = try store.inbox(peer, epoch: data.epoch)
    for entry in data.entries {
      if entry.seq <= through { continue }
      guard entry.seq == through + 1 else {
        throw Problem(.linkRefused, "release \(entry.seq) came after \(through): something is lost")
      }
      through = entry.seq
      let hop = Hop(
        from: peer, to: node, sent: data.sent, received: now,
        offset: session.offset.map { -$0 }, uncertainty: session.uncertainty)
      let refusal = try admitOrNote(
        entry, marks: marks, arrival: Arrival(via: peer, time: now, hops: entry.hops + [hop]),
        now: now, journal: &journal, store: store, outcome: &outcome)
      if let refusal {
        outcome.effects.append(
          .send(
            to: peer, connection: session.connection,
            frame: .refused(
              Frame.Refused(
                code: refusal.code.name, detail: refusal.detail, seq: entry.seq))))
      }
    }
    try store.putInbox(peer, epoch: data.epoch, through: through)
    outcome.effects.append(
      .send(
        to: peer, connection: session.connection,
        frame: .ack(Frame.Ack(epoch: data.epoch, through: through))))
  }

  /// - Returns: why the event was refused; nil when it was taken in.
  @discardableResult
  private mutating func admitOrNote(
    _ entry: Frame.Entry, marks: [CommitMark], arrival: Arrival, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws -> Problem? {
    do {
      try admit(
        entry, marks: marks, arrival: arrival, now: now, journal: &journal, store: store,
        outcome: &outcome)
      return nil
    } catch let problem as Problem where Self.refusals.contains(problem.code) {
      outcome.notes.append(
        LinkNote(
          kind: .refusedEvent, neighbour: arrival.via, event: entry.event.id,
          detail: "\(problem.code.name): \(problem.detail)"))
      return problem
    }
  }

  /// What is wrong with one event and not with this node: it is refused, and the link goes on.
  private static let refusals: [Problem.Code] = [
    .linkRefused, .malformed, .corrupted, .conflict, .refused, .invalid, .notOwner,
  ]

  /// The commits of a frame whose signature holds.
  private func verified(
    _ wires: [WireCommit], entries: [Frame.Entry], from peer: NodeID, store: any JournalStore
  ) throws -> [CommitMark] {
    try wires.compactMap { wire in
      let mark = try wire.mark()
      if let known = try store.commit(
        containing: EventID(node: mark.node, epoch: mark.epoch, seq: mark.firstSeq)), known == mark
      {
        return mark
      }
      guard let key = key(of: mark.node, introducedBy: entries),
        verifier.isValid(
          signature: mark.signature, message: CommitMark.message(mark.hashes), publicKey: key)
      else { return nil }
      try store.putCommit(mark)
      return mark
    }
  }

  /// Our own returned events are signed by us; a writer we do not know may be introduced by its
  /// own description in the same frame, which ``admit`` then holds against the neighbour's scope.
  private func key(of writer: NodeID, introducedBy entries: [Frame.Entry]) -> [UInt8]? {
    if writer == node { return ownKey }
    if let key = publicKey(of: writer) { return key }
    for entry in entries
    where entry.event.id.node == writer
      && entry.event.type == WireEvent.typePrefix + NodeDescription.eventKind
    {
      guard
        let description = try? JSON.decode(
          NodeDescription.self, from: Array(entry.event.data.utf8)), description.node == writer
      else { continue }
      return Hex.bytes(description.key)
    }
    return nil
  }

  // MARK: - Returned

  private mutating func takeBack(
    _ returned: Frame.Returned, from peer: NodeID, session: LinkSession, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws {
    guard var quarantine = try store.quarantine(), returned.epoch == quarantine.lostEpoch else {
      return
    }
    let present = try store.journalHead().epoch
    let marks = try verified(returned.commits, entries: [], from: peer, store: store)
    for entry in returned.events {
      if let known = try store.event(entry.event.id), known.event.hash == entry.event.cbhash {
        continue
      }
      let event = try entry.event.stored()
      if try store.event(event.id) != nil { continue }
      let isCovered = marks.contains { $0.covers(event) }
      if event.id.node == node {
        guard event.id.epoch != present else {
          throw Problem(.linkRefused, "\(event.id) was never lost")
        }
        guard isCovered else {
          throw Problem(.linkRefused, "\(event.id) comes back without our signature")
        }
      }
      let arrival = Arrival(via: peer, time: now, hops: entry.hops)
      if event.id.node != node, route(to: event.id.node) == peer {
        // Its own, or from behind it, which had gone round by us: under the rules for new data.
        try admitOrNote(
          entry, marks: marks, arrival: arrival, now: now, journal: &journal, store: store,
          outcome: &outcome)
        continue
      }
      // What we relayed counts when its writer signed it.
      guard isCovered else { continue }
      try absorb(
        event, arrival: arrival, now: now, journal: &journal, store: store, outcome: &outcome)
    }
    guard returned.done else { return }
    outcome.answered = peer
    quarantine.waitingFor.removeAll { $0 == peer }
    if quarantine.waitingFor.isEmpty {
      try store.putQuarantine(nil)
      outcome.notes.append(
        LinkNote(kind: .quarantineLifted, neighbour: peer, detail: "every neighbour answered"))
    } else {
      try store.putQuarantine(quarantine)
    }
  }
}

extension CommitMark {
  func covers(_ event: StoredEvent) -> Bool {
    node == event.id.node && epoch == event.id.epoch && hash(of: event.id.seq) == event.hash
  }
}
