public import CityCore

/// What became of an event that came from elsewhere.
public enum Absorption: Hashable, Sendable {
  /// Stored and folded.
  case applied(position: Int64)
  /// It was here already. Harmless.
  case duplicate
  /// Stored, not folded: another event holds that version at a higher term, or at the same term
  /// by another writer. The caller audits it.
  case superseded(position: Int64, reason: String)
}

extension Journal {
  /// Takes in an event of another node (or a lost one of our own, returned after a restore).
  /// Author, policy and signature are the caller's to check before.
  ///
  /// - Parameter isExamined: the caller has just found the event intact and not in the store.
  /// - Throws: ``Problem`` `corrupted` when the hash does not follow from the bytes, `conflict` when
  ///   versions before it are missing.
  public mutating func absorb(
    _ event: StoredEvent, arrival: Arrival, isExamined: Bool = false, now: UTCTime,
    store: any JournalStore
  ) throws -> Absorption {
    if !isExamined {
      guard event.isIntact else {
        throw Problem(.corrupted, "the hash of \(event.id) does not follow from its bytes")
      }
      if try store.event(event.id) != nil { return .duplicate }
    }
    clock.observe(event.header.time, now: now)
    let before = try store.thing(event.thing)
    let version = before?.version ?? 0
    if let before, event.header.term < before.term || event.header.version <= version {
      return try settle(event, against: before, arrival: arrival, store: store)
    }
    guard event.header.version == version + 1 else {
      throw Problem(
        .conflict,
        "\(event.thing) is at version \(version) here; \(event.header.version) came next")
    }
    let position = try store.append(event, arrival: arrival)
    if let objection = before?.objection(to: event) {
      return .superseded(position: position, reason: objection)
    }
    try store.put(
      ThingRecord.fold(event, before: before, projectors: projectors, arrived: arrival.time))
    // Where eras meet, a line can have been cut back to before an event that was still to come, and
    // what follows that lies here already.
    if event.header.term >= ThingRecord.termsOfEra,
      try !store.events(of: event.thing, versions: version + 2...version + 2).isEmpty
    {
      _ = try refold(event.thing, store: store, arrived: arrival.time)
    }
    return .applied(position: position)
  }

  /// Two events claim the same version: the whole line is folded anew, and whoever holds the same
  /// events comes to the same line.
  private func settle(
    _ event: StoredEvent, against before: ThingRecord, arrival: Arrival, store: any JournalStore
  ) throws -> Absorption {
    let position = try store.append(event, arrival: arrival)
    let line = try refold(event.thing, store: store, arrived: arrival.time)
    guard line.contains(event.id) else {
      return .superseded(
        position: position,
        reason: "version \(event.header.version) of \(event.thing) is held by a higher claim")
    }
    return .applied(position: position)
  }

  /// Folds a thing anew from its stored events. Of the events that may come next at all, the one
  /// with the highest term counts; of two at one term, which only one writer's lost and present
  /// lives can give, the one with the higher id.
  /// - Returns: the events that count.
  private func refold(
    _ thing: ThingID, store: any JournalStore, arrived: UTCTime?
  ) throws -> Set<EventID> {
    var record: ThingRecord?
    var line: Set<EventID> = []
    var claims = try store.events(of: thing, versions: 1...Int.max).map(\.event)[...]
    while let version = claims.first?.header.version, version == (record?.version ?? 0) + 1 {
      let rivals = claims.prefix { $0.header.version == version }
      claims = claims.dropFirst(rivals.count)
      guard
        let best = rivals.filter({ record?.objection(to: $0) == nil })
          .max(by: { ($0.header.term, $0.id) < ($1.header.term, $1.id) })
      else { break }
      record = ThingRecord.fold(best, before: record, projectors: projectors, arrived: arrived)
      line.insert(best.id)
    }
    if let record { try store.put(record) }
    return line
  }
}
