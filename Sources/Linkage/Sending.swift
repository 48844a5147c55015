public import CityCore
import CityJSON
public import Journal

extension LinkEngine {
  /// A connection to an authenticated neighbour stands. The transport vouches for `peer`.
  public mutating func opened(
    _ peer: NodeID, connection: UInt64, now: UTCTime, store: any JournalStore & LinkStore
  ) throws -> LinkOutcome {
    var outcome = LinkOutcome()
    guard let neighbour = neighbourByID[peer], neighbour.standing == .active else {
      outcome.effects.append(.close(peer, connection: connection, code: "unknown-neighbour"))
      return outcome
    }
    greeting[connection] = LinkSession(connection: connection, now: now)
    let head = try store.journalHead()
    let applied = try store.inboxes(peer).map {
      Frame.Cursor(epoch: $0.epoch, through: $0.through)
    }
    let restored = try store.quarantine().map {
      Frame.Cursor(epoch: $0.lostEpoch, through: $0.keptThrough)
    }
    outcome.effects.append(
      .send(
        to: peer, connection: connection,
        frame: .hello(
          Frame.Hello(
            protocols: [1], node: node, epoch: head.epoch, instance: instance, applied: applied,
            seq: head.seq, hash: head.hash, restored: restored, time: now, software: software))))
    return outcome
  }

  /// The connection is gone. Later frames of it are ignored.
  public mutating func closed(_ peer: NodeID, connection: UInt64) {
    greeting[connection] = nil
    if sessions[peer]?.connection == connection { sessions[peer] = nil }
  }

  /// Ends every connection: the node begins a new life, and its hellos must say so.
  public mutating func closeAll(code: String) -> [LinkEffect] {
    let effects = neighbours.compactMap { neighbour in
      sessions[neighbour.node].map {
        LinkEffect.close(neighbour.node, connection: $0.connection, code: code)
      }
    }
    sessions = [:]
    greeting = [:]
    return effects
  }

  /// Ends the connection to one neighbour.
  public mutating func close(_ peer: NodeID, code: String) -> [LinkEffect] {
    guard let session = sessions.removeValue(forKey: peer) else { return [] }
    return [.close(peer, connection: session.connection, code: code)]
  }

  /// What may be sent now. Reads only durable state: call it after the commit, never before. Looks
  /// only at links on which something happened since the last call, and at all after a tick.
  /// - Throws: what the store throws; nothing counts as sent then.
  public mutating func pump(
    now: UTCTime, store: any JournalStore & LinkStore
  ) throws -> [LinkEffect] {
    guard !stirred.isEmpty else { return [] }
    let epoch = try store.journalHead().epoch
    var effects: [LinkEffect] = []
    var pumped: [(peer: NodeID, session: LinkSession)] = []
    for neighbour in neighbours where stirred.contains(neighbour.node) {
      guard var session = sessions[neighbour.node], session.phase == .established else { continue }
      effects += try pump(&session, to: neighbour.node, epoch: epoch, now: now, store: store)
      pumped.append((neighbour.node, session))
    }
    stirred.removeAll(keepingCapacity: true)
    for (peer, session) in pumped {
      sessions[peer] = session
      // What is given back to it may wait for other neighbours.
      if session.returning != nil { stirred.insert(peer) }
    }
    return effects
  }

  private func pump(
    _ session: inout LinkSession, to peer: NodeID, epoch: Epoch, now: UTCTime,
    store: any JournalStore & LinkStore
  ) throws -> [LinkEffect] {
    var effects: [LinkEffect] = []
    let cursor = try outbox(peer, epoch: epoch, store: store)
    while session.sentThrough < cursor.released,
      session.sentThrough - cursor.acknowledged < LinkTiming.window
    {
      let frame = try dataFrame(
        for: peer, after: session.sentThrough, epoch: epoch, now: now, store: store)
      guard let last = frame.entries.last else { break }
      session.sentThrough = last.seq
      session.eventsOut += Int64(frame.entries.count)
      effects.append(.send(to: peer, connection: session.connection, frame: .data(frame)))
    }
    // Lost events go back only after everything else that the neighbour missed: its quarantine
    // ends with them. A node that waits itself answers last those who wait for it alone.
    guard let restored = session.peer?.restored, session.returning != nil,
      session.sentThrough == cursor.released,
      try store.quarantine().map({
        $0.isOverridden || $0.waitingFor.allSatisfy { $0 == peer }
      }) ?? true
    else { return effects }
    var frames = 0
    while let from = session.returning, frames < LinkTiming.returnedFrames {
      let (frame, through) = try returnedFrame(
        to: peer, lost: restored, present: session.peer?.epoch, after: from, store: store)
      session.returning = frame.done ? nil : through
      guard frame.done || !frame.events.isEmpty else { continue }
      frames += 1
      effects.append(.send(to: peer, connection: session.connection, frame: .returned(frame)))
    }
    return effects
  }

  /// Pings, and closes what has been silent too long. Call it about every second.
  public mutating func tick(
    now: UTCTime, store: any JournalStore & LinkStore
  ) throws -> [LinkEffect] {
    var effects: [LinkEffect] = []
    for neighbour in neighbours {
      guard var session = sessions[neighbour.node] else { continue }
      stirred.insert(neighbour.node)
      if now - session.lastHeard > LinkTiming.silence {
        effects.append(.close(neighbour.node, connection: session.connection, code: "silent"))
        sessions[neighbour.node] = nil
        continue
      }
      if session.lastPing.map({ now - $0 >= LinkTiming.ping }) ?? true {
        session.lastPing = now
        let released = try store.outbox(neighbour.node)?.released ?? 0
        effects.append(
          .send(
            to: neighbour.node, connection: session.connection,
            frame: .ping(Frame.Ping(sent: now, released: released))))
      }
      sessions[neighbour.node] = session
    }
    return effects
  }

  private func dataFrame(
    for link: NodeID, after sent: Int64, epoch: Epoch, now: UTCTime,
    store: any JournalStore & LinkStore
  ) throws -> Frame.DataFrame {
    var pack = Packing()
    var read = sent
    filling: while pack.entries.count < LinkTiming.batch {
      let limit = min(LinkTiming.read, LinkTiming.batch - pack.entries.count)
      let batch = try store.outgoing(link: link, epoch: epoch, after: read, limit: limit)
      for next in batch {
        let (release, event) = (next.release, next.item.event)
        let sealed = release.withSealed ? try sealedValues(event, store: store) : nil
        guard
          try pack.add(
            next.item, seq: release.linkSeq, policy: release.policyVersion,
            addressed: isAddressed(next.parties, through: link),
            follows: next.releasedVersion > event.header.version, sealed: sealed, store: store)
        else { break filling }
        read = release.linkSeq
      }
      if batch.count < limit { break }
    }
    return Frame.DataFrame(epoch: epoch, sent: now, entries: pack.entries, commits: pack.commits)
  }

  private func sealedValues(
    _ event: StoredEvent, store: any JournalStore
  ) throws -> [WireSealed]? {
    guard let vault, !event.sealed.isEmpty,
      let references = try? JSON.decode([SealedRef].self, from: event.sealed)
    else { return nil }
    return try references.compactMap { reference in
      try vault.open(reference, store: store).map {
        WireSealed(ref: reference.ref, value: $0.value, salt: Hex.string($0.salt))
      }
    }
  }

  /// The next part of what came here through a neighbour that lost it, whoever wrote it.
  /// - Returns: the frame, and the local position that the search came to.
  private func returnedFrame(
    to link: NodeID, lost: Frame.Cursor, present: Epoch?, after position: Int64,
    store: any JournalStore & LinkStore
  ) throws -> (frame: Frame.Returned, through: Int64) {
    let batch = try store.events(after: position, limit: LinkTiming.returnedSearch)
    var pack = Packing()
    var through = position
    for item in batch {
      let id = item.event.id
      let isKept =
        id.node == link
        && (id.epoch == present || id.epoch == lost.epoch && id.seq <= lost.through)
      if item.arrival?.via == link, !isKept {
        guard
          try pack.add(
            item, seq: id.seq, policy: 0,
            addressed: isAddressed(
              try store.thing(item.event.thing)?.labels.parties ?? [], through: link),
            follows: true, sealed: nil, store: store)
        else { break }
      }
      through = item.position
    }
    let isLast = try through >= store.lastPosition()
    return (
      Frame.Returned(
        epoch: lost.epoch, events: pack.entries, commits: pack.commits, done: isLast), through
    )
  }
}

/// Fills one frame up to its limits, quoting each commit once.
private struct Packing {
  var entries: [Frame.Entry] = []
  var commits: [WireCommit] = []
  private var last: CommitMark?
  private var bytes = 0

  /// - Returns: false when the event does not fit any more.
  mutating func add(
    _ item: PositionedEvent, seq: Int64, policy: Int, addressed: Bool, follows: Bool,
    sealed: [WireSealed]?, store: any JournalStore
  ) throws -> Bool {
    let event = item.event
    let size = event.body.count + event.headerBytes.count + event.sealed.count + 600
    guard entries.isEmpty || bytes + size <= LinkTiming.batchBytes else { return false }
    let id = event.id
    if last?.node != id.node || last?.epoch != id.epoch || last?.hash(of: id.seq) == nil {
      guard let mark = try store.commit(containing: id) else {
        throw Problem(.corrupted, "no commit covers \(id)")
      }
      last = mark
      let wire = WireCommit(mark)
      if !commits.contains(where: {
        $0.node == wire.node && $0.epoch == wire.epoch && $0.first == wire.first
      }) {
        commits.append(wire)
        bytes += wire.hashes.utf8.count + 250
      }
    }
    bytes += size
    entries.append(
      Frame.Entry(
        seq: seq, policy: policy, addressed: addressed, follows: follows,
        event: WireEvent(event), hops: item.arrival?.hops ?? [], sealed: sealed))
    return true
  }
}
