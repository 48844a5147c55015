public import Access
public import CityCore
public import Incidents
public import Journal

extension CityNode {
  /// Records a file that lies in the evidence folder already, and adds it to its task or case.
  /// - Throws: ``Problem`` `notFound`, `forbidden`, `refused`, `notOwner`.
  public func addEvidence(
    _ file: EvidenceRecord, phase: Evidence.Phase, by principal: Principal
  ) async throws -> ThingRecord {
    let piece = Evidence(
      sha256: file.sha256, size: Int(file.size), mediaType: file.mediaType, name: file.name,
      phase: phase)
    return try await act(on: file.thing, by: principal) { resource throws(Problem) in
      try authorise(principal, .writeEvidence, resource)
    } _: { core, party, now, store, outcome in
      var file = file
      file.added = now
      file.by = party.actor.id
      try store.put(file)
      switch file.thing.kind {
      case TaskEvent.thingKind:
        try core.act(
          on: file.thing, TaskCommand.addEvidence([piece]), by: party, now: now, store: store,
          outcome: &outcome)
      default:
        try core.act(
          on: file.thing, IncidentCommand.addEvidence([piece]), by: party, now: now, store: store,
          outcome: &outcome)
      }
    }
  }

  /// Whether a file may be sent: a file is authorised by its case, never by its hash.
  /// - Throws: ``Problem`` `notFound` when it is not there or not for the principal.
  public func evidence(
    _ sha256: Digest32, of thing: ThingID, for principal: Principal
  ) async throws -> EvidenceRecord {
    let record = try await visible(thing, principal)
    try authorise(principal, .readEvidence, Self.resource(record), hiding: true)
    let records = try await engine.perform { _, _, store, _ in try store.evidence(sha256) }
    guard let found = records.first(where: { $0.thing == thing }) else {
      throw Problem(.notFound, "there is no such file in \(thing)")
    }
    guard found.present == found.size else {
      throw Problem(
        .unavailable, "the file has not arrived from its node yet", retryAfter: 5)
    }
    return found
  }

  /// Files of a task or case that are known here.
  public func evidenceList(
    of thing: ThingID, for principal: Principal
  ) async throws -> [Evidence] {
    let record = try await visible(thing, principal)
    try authorise(principal, .readEvidence, Self.resource(record), hiding: true)
    if let incident = try? Incident(record: record) { return incident.evidence }
    if let task = try? OrderTask(record: record) { return task.evidence }
    return []
  }
}
