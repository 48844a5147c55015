public import CityCore
import CityJSON
import Journal
public import Linkage

extension CommandCore {
  /// A neighbour's connection stands.
  public mutating func linkOpened(
    _ peer: NodeID, connection: UInt64, now: UTCTime, store: any CoreStore
  ) throws -> CoreOutcome {
    var outcome = CoreOutcome()
    try settle(
      links.opened(peer, connection: connection, now: now, store: store), now: now, store: store,
      outcome: &outcome)
    return outcome
  }

  public mutating func linkClosed(_ peer: NodeID, connection: UInt64) {
    if links.sessions[peer]?.connection == connection { rememberLink(peer) }
    links.closed(peer, connection: connection)
  }

  /// One frame of a neighbour.
  /// - Throws: ``Problem``: the frame is unacceptable as a whole, the connection must be closed.
  public mutating func receive(
    _ frame: Frame, from peer: NodeID, connection: UInt64, now: UTCTime, store: any CoreStore
  ) throws -> CoreOutcome {
    var outcome = CoreOutcome()
    let linked = try links.receive(
      frame, from: peer, connection: connection, now: now, journal: &journal, store: store)
    try settle(linked, now: now, store: store, outcome: &outcome)
    return outcome
  }

  /// Pings and silences. About once a second.
  public mutating func tickLinks(now: UTCTime, store: any CoreStore) throws -> CoreOutcome {
    var outcome = CoreOutcome()
    try watchLinks(now: now, store: store, outcome: &outcome)
    let effects = try links.tick(now: now, store: store)
    for case .close(let peer, _, let code) in effects {
      linkTroubled(peer, code: code, detail: "nothing was heard", now: now)
    }
    outcome.links += effects
    return outcome
  }

  private mutating func settle(
    _ linked: LinkOutcome, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    outcome.links += linked.effects
    outcome.events += linked.absorbed
    if linked.notes.contains(where: { $0.kind == .quarantineLifted }) { isQuarantined = false }
    for sealed in linked.sealed {
      try vault.adopt(
        sealed.value, salt: sealed.salt, reference: sealed.reference, thing: sealed.thing,
        random: &random, store: store)
    }
    if linked.rolledBack {
      try enterQuarantine(now: now, store: store)
      outcome.links += links.closeAll(code: "rolled-back")
    }
    if let away = linked.turnedAway {
      linkTroubled(away.by, code: away.code, detail: away.detail, now: now)
    }
    // A twin is on record once it is known to be one; see `watchLinks`.
    for note in linked.notes where note.kind != .opened && note.kind != .twin {
      try audit("link.\(note.kind.rawValue)", note, now: now, store: store, outcome: &outcome)
    }
    try react(now: now, store: store, outcome: &outcome)
    if linked.answered != nil { try acceptWaiting(now: now, store: store, outcome: &outcome) }
  }

  /// Journals something that must be on record though it changes no thing of the command plane.
  /// - Parameter kind: without the `audit.` that is put before it.
  public mutating func audit(
    _ kind: String, _ body: some Encodable & Sendable, by actor: Actor? = nil, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard let thing = ThingID(kind: "adt", key: node.rawValue) else { return }
    let bytes: [UInt8]
    do { bytes = try JSON.encode(body) } catch {
      throw Problem(.internalFault, "an audit note cannot be written")
    }
    try write(
      [
        Draft(
          kind: "audit.\(kind)", thing: thing, actor: actor ?? self.actor(.node),
          labels: Labels(jurisdiction: settings.jurisdiction, dataClass: .restricted), body: bytes)
      ], now: now, store: store, outcome: &outcome)
  }

  // MARK: - Restore

  /// Turns a store that was laid out from a backup into a quarantined node with a new life. Call it
  /// once, before anything else.
  public mutating func enterQuarantine(now: UTCTime, store: any CoreStore) throws {
    let kept = journal.head
    // Also for those that the backup knows as revoked or lost: they may have been taken in again since,
    // and hold what this node wrote then.
    let waiting = links.neighbours.map(\.node)
    try journal.beginEpoch(Epoch(rawValue: random.next()), store: store)
    try links.rebase(store: store)
    guard !waiting.isEmpty else { return }
    try store.putQuarantine(
      Quarantine(lostEpoch: kept.epoch, keptThrough: kept.seq, waitingFor: waiting))
    isQuarantined = true
  }

  /// An administrator does not wait for neighbours that did not answer. Everything this node owns
  /// goes on at a higher term, so that what neighbours may hold of the lost life cannot win.
  public mutating func overrideQuarantine(
    by actor: Actor, reason: String, now: UTCTime, store: any CoreStore
  ) throws -> CoreOutcome {
    var outcome = CoreOutcome()
    guard var quarantine = try store.quarantine(), !quarantine.isOverridden else {
      throw Problem(.refused, "this node is not quarantined")
    }
    quarantine.isOverridden = true
    try store.putQuarantine(quarantine)
    isQuarantined = false
    try audit(
      "quarantine.overridden",
      ["reason": reason, "missing": quarantine.waitingFor.map(\.rawValue).joined(separator: ",")],
      by: actor, now: now, store: store, outcome: &outcome)
    for record in try store.openThings(ownedBy: node) where record.canBeForfeited {
      try write(
        [
          Draft(
            kind: CustodyEvent.forfeitedKind, thing: record.id, actor: actor,
            labels: record.labels,
            body: CustodyEvent.forfeited(from: node, reason: reason).body)
        ], now: now, store: store, outcome: &outcome)
    }
    return outcome
  }

  /// What this node says of itself.
  public var description: NodeDescription {
    NodeDescription(
      node: node, level: settings.level, name: settings.name, jurisdiction: settings.jurisdiction,
      isDepartment: settings.isDepartment, key: Hex.string(journal.publicKey),
      zoneOffset: settings.zoneOffset)
  }

  /// The first event of every journal: what this node is.
  public mutating func describeNode(
    now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard let thing = NodeDescription.thing(for: node) else { return }
    let body: [UInt8]
    do { body = try JSON.encode(description) } catch {
      throw Problem(.internalFault, "the node's description cannot be written")
    }
    try write(
      [
        Draft(
          kind: NodeDescription.eventKind, thing: thing, actor: actor(.node),
          labels: Labels(jurisdiction: settings.jurisdiction, dataClass: .open), body: body)
      ], now: now, store: store, outcome: &outcome)
  }
}
