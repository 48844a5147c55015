public import CityCore
import CityJSON
public import Incidents
import Journal

/// A personal value that a report comes with: it goes into the vault, and nowhere else.
public struct PersonalField: Hashable, Sendable {
  /// Such as `reporter.phone`.
  public var field: String
  public var value: String
  public init(field: String, value: String) {
    self.field = field
    self.value = value
  }
}

extension CommandCore {
  func caseContext(_ now: UTCTime) -> CaseContext {
    CaseContext(
      now: now, calendar: settings.calendar, limits: settings.limits, policy: settings.cases,
      handling: settings.handling)
  }

  /// Files a case. The same `externalSource` and `externalId` again give the case there is.
  /// - Throws: ``Problem`` `invalid`, `forbidden`, `duplicate` when it exists with other content.
  public mutating func fileIncident(
    _ report: CaseReport, reporter: [PersonalField] = [], by party: ActingParty,
    cause: EventID? = nil, id: ThingID? = nil, now: UTCTime, store: any CoreStore,
    outcome: inout CoreOutcome
  ) throws -> ThingID {
    if let source = report.externalSource, let external = report.externalId,
      let known = try store.thing(source: source, externalId: external, kind: "inc")
    {
      outcome.thing = known.id
      return known.id
    }
    guard settings.jurisdiction.covers(report.jurisdiction) else {
      throw Problem(
        .invalid, "\(report.jurisdiction) lies outside this node's \(settings.jurisdiction)",
        faults: [.init(at: "/jurisdiction", reason: "outside this node's jurisdiction")])
    }
    let thing = try id ?? newThing(IncidentEvent.thingKind, now: now)
    let events = try Incident.decide(nil, .file(report), by: party, context: caseContext(now))
    var sealed: [SealedRef] = []
    if !reporter.isEmpty {
      let subject = try newSubject()
      for field in reporter {
        sealed.append(
          try vault.seal(
            field.value, field: field.field, subject: subject, thing: thing, random: &random,
            store: store))
      }
    }
    let labels = Labels(
      jurisdiction: report.jurisdiction, grade: report.grade, classCode: report.classCode)
    let drafts = events.enumerated().map { index, event in
      event.draft(
        thing: thing, actor: party.actor, cause: cause, labels: labels,
        sealed: index == 0 ? sealed : [])
    }
    try write(
      drafts, expected: [.init(thing: thing, version: 0)], now: now, store: store,
      outcome: &outcome)
    outcome.thing = thing
    return thing
  }

  /// Does something with a case that this node owns.
  /// - Parameter version: what the asker saw; nil for whatever it is now.
  /// - Throws: ``Problem`` `notFound`, `notOwner`, `conflict`, `refused`, `forbidden`, `invalid`.
  public mutating func act(
    on thing: ThingID, _ command: IncidentCommand, by party: ActingParty, version: Int? = nil,
    cause: EventID? = nil, now: UTCTime, store: any CoreStore, outcome: inout CoreOutcome
  ) throws {
    let record = try held(thing, store: store)
    let incident = try Incident(record: record)
    let events = try Incident.decide(incident, command, by: party, context: caseContext(now))
    var labels = record.labels
    var drafts: [Draft] = []
    for event in events {
      // Grade and class of a case may change with the event itself.
      if case .regraded(let body) = event {
        labels.grade = body.grade
        labels.classCode = body.classCode
      }
      drafts.append(
        event.draft(thing: thing, actor: party.actor, cause: cause, labels: labels))
    }
    try write(
      drafts, expected: version.map { [.init(thing: thing, version: $0)] } ?? [], now: now,
      store: store, outcome: &outcome)
    outcome.thing = thing
  }

  /// A thing that is here, whoever owns it.
  func held(_ thing: ThingID, store: any CoreStore) throws -> ThingRecord {
    guard let record = try store.thing(thing) else {
      throw Problem(.notFound, "nothing is known of \(thing) here")
    }
    return record
  }

  private mutating func newSubject() throws -> PrincipalID {
    guard let subject = PrincipalID(rawValue: "sub-" + Hex.string(random.bytes(10))) else {
      throw Problem(.internalFault, "no pseudonym can be made")
    }
    return subject
  }
}
