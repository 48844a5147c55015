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
  /// - Throws: ``Problem`` `corrupted` when the hash does not follow from the bytes, `conflict` when
  ///   versions before it are missing.
  public mutating func absorb(
    _ event: StoredEvent, arrival: Arrival, now: UTCTime, store: any JournalStore
  ) throws -> Absorption {
    guard event.isIntact else {
      throw Problem(.corrupted, "the hash of \(event.id) does not follow from its bytes")
    }
    if try store.event(event.id) != nil { return .duplicate }
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
    try store.put(
      ThingRecord.fold(event, before: before, projectors: projectors, arrived: arrival.time))
    return .applied(position: position)
  }

  /// Two events claim the same version: the higher term wins, and its line is folded anew.
  private func settle(
    _ event: StoredEvent, against before: ThingRecord, arrival: Arrival, store: any JournalStore
  ) throws -> Absorption {
    let held = try store.events(
      of: event.thing, versions: event.header.version...max(event.header.version, before.version))
    let rival = held.filter { $0.event.header.version == event.header.version }
      .map(\.event.header.term).max()
    let position = try store.append(event, arrival: arrival)
    guard let rival, event.header.term > rival else {
      return .superseded(
        position: position,
        reason: "version \(event.header.version) of \(event.thing) is held at term \(rival ?? 0)")
    }
    try refold(event.thing, store: store, arrived: arrival.time)
    return .applied(position: position)
  }

  /// Folds a thing anew from its stored events: of rivals for a version, the highest term counts,
  /// and versions written at a lower term after a higher term began are passed over.
  func refold(_ thing: ThingID, store: any JournalStore, arrived: UTCTime?) throws {
    let all = try store.events(of: thing, versions: 1...Int.max)
    var record: ThingRecord?
    var version = 1
    while true {
      let candidates = all.filter { $0.event.header.version == version }
      guard
        let best = candidates.max(by: {
          ($0.event.header.term, $1.position) < ($1.event.header.term, $0.position)
        }), best.event.header.term >= (record?.term ?? 0)
      else { break }
      record = ThingRecord.fold(
        best.event, before: record, projectors: projectors, arrived: arrived)
      version += 1
    }
    if let record { try store.put(record) }
  }
}
