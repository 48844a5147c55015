import CityCore
import CityJSON
import Journal

extension LinkEngine {
  /// Checks one event against everything the neighbour may not do, and takes it in.
  /// - Throws: ``Problem``; the event is then refused and audited, the link goes on.
  mutating func admit(
    _ entry: Frame.Entry, marks: [CommitMark], arrival: Arrival, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws {
    // What is here already need not be taken apart. One that only bears its name goes on.
    if let known = try store.event(entry.event.id), known.event.hash == entry.event.cbhash {
      return
    }
    let event = try entry.event.stored()
    guard marks.contains(where: { $0.covers(event) }) else {
      throw Problem(.linkRefused, "no commit signed by \(event.id.node) covers \(event.id)")
    }
    if try store.event(event.id) != nil { return }
    guard let neighbour = neighbourByID[arrival.via] else {
      throw Problem(.linkRefused, "\(arrival.via) is no neighbour")
    }
    if event.thing.kind == NodeDescription.thingKind {
      try learn(event, from: neighbour, store: store)
    } else {
      try checkAuthor(of: event, from: neighbour)
      try checkScope(
        of: event, from: neighbour, known: try store.thing(event.thing),
        addressed: entry.addressed || event.header.labels.parties.contains(node),
        follows: entry.follows, store: store)
    }
    try absorb(
      event, arrival: arrival, isExamined: true, now: now, journal: &journal, store: store,
      outcome: &outcome)
    try collectSealed(entry, of: event, outcome: &outcome)
  }

  /// Only nodes that are reached through the neighbour write what it hands over.
  private func checkAuthor(of event: StoredEvent, from neighbour: Neighbour) throws(Problem) {
    let writer = event.id.node
    if writer == node { return }
    guard route(to: writer) == neighbour.node else {
      throw Problem(
        .linkRefused, "\(writer) is not reached through \(neighbour.node)")
    }
  }

  private func checkScope(
    of event: StoredEvent, from neighbour: Neighbour, known: ThingRecord?, addressed: Bool,
    follows: Bool, store: any JournalStore
  ) throws {
    let header = event.header
    let verdict = gate.verdict(
      kind: Self.policyKind(header), labels: header.labels, neighbour: neighbour,
      direction: .incoming,
      addressed: addressed, follows: follows || known != nil)
    if case .withheld(let reason) = verdict {
      throw Problem(.linkRefused, "release policy refuses \(header.kind): \(reason)")
    }
    if let known {
      try checkTurn(of: event, known: known, store: store)
    } else if neighbour.relation == .child {
      // A new thing must lie where the child has authority.
      guard neighbour.jurisdiction.covers(header.labels.jurisdiction) else {
        throw Problem(
          .linkRefused,
          "\(header.labels.jurisdiction) lies outside \(neighbour.node)'s \(neighbour.jurisdiction)"
        )
      }
    } else if neighbour.relation != .parent {
      guard addressed else {
        throw Problem(.linkRefused, "\(header.thing) is not addressed to this node")
      }
    }
  }

  /// Whether this event may be the next of the thing. What lies in its past is settled by `absorb`
  /// under the same rules; what lies ahead waits for its turn there.
  private func checkTurn(
    of event: StoredEvent, known: ThingRecord, store: any JournalStore
  ) throws {
    let header = event.header
    guard header.version > 1 else {
      throw Problem(.linkRefused, "\(known.id) began with another event")
    }
    if header.kind == CustodyEvent.forfeitedKind {
      // Whoever forfeits speaks of the thing as it stood then, not of what became of it since.
      let then = try ThingRecord.custody(of: known.id, through: header.version - 1, store: store)
      try checkForfeit(of: event, known: then ?? known)
    }
    guard header.version == known.version + 1, header.term >= known.term else { return }
    if let objection = known.objection(to: event) { throw Problem(.linkRefused, objection) }
    guard header.labels.jurisdiction == known.labels.jurisdiction || known.owner == header.id.node
    else { throw Problem(.linkRefused, "the jurisdiction of \(known.id) cannot be changed so") }
  }

  /// A thing is forfeited by its owner itself, by whom the owner offered it to, or by a node that
  /// commands the owner.
  private func checkForfeit(of event: StoredEvent, known: ThingRecord) throws(Problem) {
    let writer = event.id.node
    if writer == known.owner || writer == known.offeredTo { return }
    if let above = description(of: writer), let owner = description(of: known.owner),
      above.level < owner.level, above.jurisdiction.covers(owner.jurisdiction)
    {
      return
    }
    if known.owner == node, parent.map({ route(to: writer) == $0.node }) == true { return }
    throw Problem(.linkRefused, "\(writer) does not command \(known.owner)")
  }

  /// A node introduces itself through us or through those below it, within their jurisdiction.
  private mutating func learn(
    _ event: StoredEvent, from neighbour: Neighbour, store: any JournalStore & LinkStore
  ) throws {
    guard event.kind == NodeDescription.eventKind,
      let description = try? JSON.decode(NodeDescription.self, from: event.body),
      description.node == event.id.node, event.thing == NodeDescription.thing(for: event.id.node)
    else { throw Problem(.malformed, "\(event.id) does not describe its writer") }
    if let known = neighbourByID[event.id.node] {
      guard Hex.bytes(description.key) == known.publicKey else {
        throw Problem(.linkRefused, "\(event.id.node) changes its key without joining anew")
      }
      return
    }
    if event.id.node == node { return }
    if let known = directoryByID[event.id.node], known.via != neighbour.node {
      throw Problem(.linkRefused, "\(event.id.node) is reached through \(known.via)")
    }
    if neighbour.relation == .child || neighbour.relation == .department {
      guard neighbour.jurisdiction.covers(description.jurisdiction),
        description.level >= neighbour.level
      else {
        throw Problem(
          .linkRefused,
          "\(description.jurisdiction) lies outside \(neighbour.node)'s \(neighbour.jurisdiction)")
      }
    }
    try learn(description, via: neighbour.node, store: store)
  }

  /// Absorbs an event and whatever waited for it.
  mutating func absorb(
    _ event: StoredEvent, arrival: Arrival, isExamined: Bool = false, now: UTCTime,
    journal: inout Journal, store: any JournalStore & LinkStore, outcome: inout LinkOutcome
  ) throws {
    let known = try store.thing(event.thing)
    // A version ahead waits for those before it, unless its line has ended.
    let waits =
      event.header.version > (known?.version ?? 0) + 1 && event.header.term >= known?.term ?? 0
    guard !waits else {
      try store.park(ParkedEvent(event: event, arrival: arrival))
      return
    }
    switch try journal.absorb(
      event, arrival: arrival, isExamined: isExamined, now: now, store: store)
    {
    case .duplicate: return
    case .superseded(_, let reason):
      outcome.notes.append(
        LinkNote(kind: .superseded, neighbour: arrival.via, event: event.id, detail: reason))
      return
    case .applied(let position):
      let positioned = PositionedEvent(position: position, event: event, arrival: arrival)
      outcome.absorbed.append(positioned)
      try release([positioned], store: store)
    }
    // Not always the event's own version: what lay here already may have followed it.
    let reached = try store.thing(event.thing)?.version ?? event.header.version
    for waiting in try store.takeParked(thing: event.thing, version: reached + 1) {
      do {
        if let known = try store.thing(event.thing) {
          try checkTurn(of: waiting.event, known: known, store: store)
        }
      } catch let problem as Problem {
        outcome.notes.append(
          LinkNote(
            kind: .refusedEvent, neighbour: waiting.arrival.via, event: waiting.event.id,
            detail: problem.detail))
        continue
      }
      try absorb(
        waiting.event, arrival: waiting.arrival, now: now, journal: &journal, store: store,
        outcome: &outcome)
    }
  }

  private func collectSealed(
    _ entry: Frame.Entry, of event: StoredEvent, outcome: inout LinkOutcome
  ) throws {
    guard let values = entry.sealed, !event.sealed.isEmpty,
      let references = try? JSON.decode([SealedRef].self, from: event.sealed)
    else { return }
    for reference in references {
      guard let value = values.first(where: { $0.ref == reference.ref }),
        let salt = Hex.bytes(value.salt), Vault.mac(value.value, salt: salt) == reference.mac
      else { continue }
      outcome.sealed.append(
        LinkOutcome.ReceivedSealed(
          reference: reference, value: value.value, salt: salt, thing: event.thing))
    }
  }
}
