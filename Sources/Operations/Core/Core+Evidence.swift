import CityCore
import Incidents
import Journal
import Linkage

extension CommandCore {
  /// Evidence that lies elsewhere is fetched by everybody who takes part, so that it is here when
  /// the link is not; by who comes to take part later, too.
  ///
  /// It is on record before it is fetched: a crash must not make us forget that we want it. A file
  /// of these bytes that belongs to something else does not count, for who knows a hash does not
  /// have the file.
  func wantEvidence(
    of event: StoredEvent, arrival: Arrival?, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard let via = arrival?.via, Self.tellsOfEvidence(event),
      let thing = try store.thing(event.thing),
      thing.labels.parties.contains(where: { party in
        party == node || links.route(to: party).map { $0 != via } ?? false
      })
    else { return }
    for piece in Self.evidence(of: thing)
    where try (1...Limits.evidence).contains(piece.size)
      && !store.evidence(piece.sha256).contains(where: { $0.thing == thing.id })
    {
      let record = EvidenceRecord(
        sha256: piece.sha256, thing: thing.id, name: piece.name, mediaType: piece.mediaType,
        size: Int64(piece.size), added: event.header.time.time, by: event.header.actor.id,
        present: 0)
      try store.put(record)
      outcome.wanted.append(WantedEvidence(record, via: via))
    }
  }

  /// Files that have not arrived, with the neighbour to ask: what the shell asks for at the start,
  /// and again from time to time, for a neighbour may not have had it itself.
  public func missingEvidence(store: any CoreStore) throws -> [WantedEvidence] {
    try store.missingEvidence(limit: 200).compactMap { record in
      guard
        let source = try store.events(of: record.thing, versions: 1...Int.max)
          .first(where: { Self.pieces(of: $0.event).contains { $0.sha256 == record.sha256 } }),
        let via = links.route(to: source.event.id.node)
      else { return nil }
      return WantedEvidence(record, via: via)
    }
  }

  private static func tellsOfEvidence(_ event: StoredEvent) -> Bool {
    event.kind == CustodyEvent.offeredKind || !pieces(of: event).isEmpty
  }

  private static func pieces(of event: StoredEvent) -> [Evidence] {
    switch (TaskEvent(event), IncidentEvent(event)) {
    case (.evidenceAdded(let body)?, _): body.evidence
    case (.completed(let body)?, _): body.evidence
    case (_, .evidenceAdded(let body)?): body.evidence
    case (_, .handled(let body)?): body.evidence
    default: []
    }
  }

  private static func evidence(of thing: ThingRecord) -> [Evidence] {
    switch thing.id.kind {
    case IncidentEvent.thingKind: (try? Incident(record: thing))?.evidence ?? []
    case TaskEvent.thingKind: (try? OrderTask(record: thing))?.evidence ?? []
    default: []
    }
  }
}
