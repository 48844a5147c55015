public import CityCore
import CityJSON
import Incidents
import Journal

/// Body of `vault.redacted`: whose data was erased, by pseudonym.
struct Redaction: Codable, Sendable {
  var subject: PrincipalID
}

/// What an erasure did.
public struct ErasureReport: Hashable, Sendable, Codable {
  /// Whose data was erased.
  public var subjects: [PrincipalID] = []
  /// Own things that say so now; whoever holds a copy erases it too.
  public var redacted: [ThingID] = []
  /// Things of other nodes, whose owners were asked.
  public var requested: [ThingID] = []
  public init() {}
}

extension CommandCore {
  /// Erases a person's data here and wherever it went: deletes key, values and salts, and adds
  /// `vault.redacted` to each own thing that had some. For things of other nodes it asks the owner.
  /// Events are not touched, so the chain verifies as before.
  ///
  /// - Parameter thing: says of the subject too, though the values never came here or are gone.
  /// - Throws: ``Problem`` `quarantined`.
  public mutating func redact(
    _ subject: PrincipalID, of thing: ThingID? = nil, by actor: Actor, cause: EventID? = nil,
    now: UTCTime, store: any CoreStore, report: inout ErasureReport, outcome: inout CoreOutcome
  ) throws {
    var things = Set(try store.eraseSubject(subject))
    #if DEBUG
      CrashPoint.erasureDeleted.pass()
    #endif
    if let thing { things.insert(thing) }
    for id in things.sorted() {
      guard let record = try store.thing(id) else { continue }
      if record.owner != node {
        try direct(
          .redact, text: subject.rawValue, about: record, to: record.owner, by: actor,
          cause: cause, now: now, store: store, outcome: &outcome)
        report.requested.append(id)
      } else if try !isRedacted(id, subject, store: store) {
        try write(
          [
            Draft(
              kind: Vault.redactedKind, thing: id, actor: actor, cause: cause,
              labels: record.labels, body: try Self.body(Redaction(subject: subject)))
          ], now: now, store: store, outcome: &outcome)
        report.redacted.append(id)
      }
    }
    report.subjects.append(subject)
  }

  private static func body(_ redaction: Redaction) throws(Problem) -> [UInt8] {
    do { return try JSON.encode(redaction) } catch {
      throw Problem(.internalFault, "an erasure cannot be written")
    }
  }

  /// The references to personal values in a thing's events, oldest first, each with its event.
  func sealedReferences(
    _ thing: ThingID, store: any CoreStore
  ) throws -> [(event: StoredEvent, reference: SealedRef)] {
    var found: [(event: StoredEvent, reference: SealedRef)] = []
    for item in try store.events(of: thing, versions: 1...Int.max)
    where !item.event.sealed.isEmpty {
      let references = (try? JSON.decode([SealedRef].self, from: item.event.sealed)) ?? []
      for reference in references { found.append((item.event, reference)) }
    }
    return found
  }

  private func isRedacted(
    _ thing: ThingID, _ subject: PrincipalID, store: any CoreStore
  ) throws -> Bool {
    try store.events(of: thing, versions: 1...Int.max).contains {
      $0.event.kind == Vault.redactedKind && Self.subject(of: $0.event) == subject
    }
  }

  private static func subject(of event: StoredEvent) -> PrincipalID? {
    (try? JSON.decode(Redaction.self, from: event.body))?.subject
  }

  /// The owner of a thing erased what it says of a person: so do we. Only who the thing really
  /// speaks of, so that no neighbour can erase what it was never told.
  func forget(_ event: StoredEvent, store: any CoreStore) throws {
    guard let subject = Self.subject(of: event),
      try sealedReferences(event.thing, store: store).contains(where: {
        $0.reference.subject == subject
      })
    else { return }
    _ = try store.eraseSubject(subject)
  }

  /// The owner before us erased what a thing says of a person while it was offered to us, and our
  /// acceptance took the version of that: nobody beyond us would hear of it. So we say it again, or
  /// ask who owns the thing by now.
  mutating func repeatErasure(
    _ event: StoredEvent, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let version = event.header.version
    guard let subject = Self.subject(of: event), event.id.node != node,
      let record = try store.thing(event.thing),
      try store.events(of: event.thing, versions: version...version).contains(where: {
        $0.event.id.node == node
      })
    else { return }
    try passingOver {
      if record.owner == node {
        try write(
          [
            Draft(
              kind: Vault.redactedKind, thing: event.thing, actor: actor(.node), cause: event.id,
              labels: record.labels, body: try Self.body(Redaction(subject: subject)))
          ], now: now, store: store, outcome: &outcome)
      } else {
        try direct(
          .redact, text: subject.rawValue, about: record, to: record.owner, by: actor(.node),
          cause: event.id, now: now, store: store, outcome: &outcome)
      }
    }
  }

  /// Somebody who takes part in an own thing had to erase what it says of a person.
  mutating func redactOnRequest(
    _ record: ThingRecord, _ directive: Directive, from event: StoredEvent, now: UTCTime,
    store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    guard record.owner == node, record.labels.parties.contains(event.id.node),
      let subject = directive.text.flatMap(PrincipalID.init(rawValue:)),
      try sealedReferences(record.id, store: store).contains(where: {
        $0.reference.subject == subject
      })
    else { return }
    var report = ErasureReport()
    try redact(
      subject, of: record.id, by: self.actor(.node), cause: event.id, now: now, store: store,
      report: &report, outcome: &outcome)
    try audit(
      "personal.erased",
      ErasureNote(subjects: report.subjects, things: report.redacted, requestedBy: event.id.node),
      now: now, store: store, outcome: &outcome)
  }
}

/// What the audit trail says of an erasure.
struct ErasureNote: Codable, Sendable {
  var subjects: [PrincipalID]
  var things: [ThingID]
  var requested: [ThingID]?
  var requestedBy: NodeID?
  var reason: String?
}
