public import Access
public import CityCore
import Journal

/// One personal value of a case.
public struct PersonalValue: Hashable, Sendable, Codable {
  /// Such as `reporter.phone`.
  public var field: String
  /// Whose it is, by pseudonym.
  public var subject: PrincipalID
  /// The event that commits to it.
  public var event: EventID
  /// Nil when it was erased or never came here.
  public var value: MaskedValue?
}

extension CityNode {
  /// The personal values of a case or task as everybody sees them who may see it: masked.
  /// - Throws: ``Problem`` `notFound`.
  public func personalValues(
    of thing: ThingID, by principal: Principal
  ) async throws -> [PersonalValue] {
    _ = try await visible(thing, principal)
    return try await engine.perform { core, _, store, _ in
      try core.personalValues(of: thing, store: store) { value, kind in
        Masker(clearance: .restricted).show(value, as: kind, dataClass: .personal)
      }
    }
  }

  /// The personal values of a case or task in clear, for a reason that goes on record in the same
  /// commit: without that entry nothing is shown.
  /// - Throws: ``Problem`` `forbidden`, `notFound`, `invalid` without a proper reason.
  public func unmask(
    _ thing: ThingID, reason: String, by principal: Principal
  ) async throws -> [PersonalValue] {
    let record = try await visible(thing, principal)
    let leave = try access.policy.unmask(
      principal, Self.resource(record), reason: reason, now: clock.now())
    let actor = try actor(leave.grant, principal)
    return try await engine.perform { core, now, store, outcome in
      let values = try core.personalValues(of: thing, store: store) { value, kind in
        Masker(clearance: .restricted).show(value, as: kind, dataClass: .open)
      }
      try core.audit(
        "personal.unmasked",
        UnmaskNote(
          thing: thing, fields: values.filter { $0.value != nil }.map(\.field),
          reason: leave.reason), by: actor, now: now, store: store, outcome: &outcome)
      return values
    }
  }

  /// What is erased.
  public enum ErasureTarget: Hashable, Sendable {
    /// Somebody whom cases speak of (`sub-…`), or a person of this node (`usr_…`), whose account is
    /// emptied and closed.
    case subject(PrincipalID)
    /// Everybody whom this case or task speaks of.
    case thing(ThingID)
  }

  /// Erases personal data on a lawful request, here and wherever it was released to. It cannot be
  /// undone; the journal verifies as before. Backups made earlier still hold it.
  /// - Throws: ``Problem`` `forbidden`; `notFound` when nothing is held; `invalid` without a reason.
  public func erase(
    _ target: ErasureTarget, reason: String, by principal: Principal
  ) async throws -> ErasureReport {
    let reason = try CommandCore.reason(reason)
    let actor = try authorise(
      principal, .erase, Resource(jurisdiction: identity.jurisdiction))
    let home = identity.organisation
    return try await engine.perform { core, now, store, outcome in
      var report = ErasureReport()
      switch target {
      case .subject(let subject):
        if let person = try store.person(subject) {
          guard principal.id != subject else {
            throw Problem(.refused, "nobody erases themselves")
          }
          try core.empty(person, home: home, now: now, store: store, outcome: &outcome)
        } else if try store.subjectKey(subject) == nil {
          throw Problem(.notFound, "nothing is held of \(subject)")
        }
        try core.redact(
          subject, by: actor, now: now, store: store, report: &report, outcome: &outcome)
      case .thing(let thing):
        let references = try core.sealedReferences(thing, store: store)
        guard !references.isEmpty else {
          throw Problem(.notFound, "nothing personal is known of \(thing)")
        }
        for subject in Set(references.map(\.reference.subject)).sorted() {
          try core.redact(
            subject, of: thing, by: actor, now: now, store: store, report: &report,
            outcome: &outcome)
        }
      }
      try core.audit(
        "personal.erased",
        ErasureNote(
          subjects: report.subjects, things: report.redacted,
          requested: report.requested.isEmpty ? nil : report.requested, reason: reason),
        by: actor, now: now, store: store, outcome: &outcome)
      return report
    }
  }
}

/// What the audit trail says of unmasking: which fields, never what they hold.
struct UnmaskNote: Codable, Sendable {
  var thing: ThingID
  var fields: [String]
  var reason: String
}

extension CommandCore {
  /// The vault's values of a thing, each shown by `show`.
  func personalValues(
    of thing: ThingID, store: any CoreStore, show: (String, MaskKind) -> MaskedValue
  ) throws -> [PersonalValue] {
    try sealedReferences(thing, store: store).map { event, reference in
      let opened = try vault.open(reference, store: store)
      return PersonalValue(
        field: reference.field, subject: reference.subject, event: event.id,
        value: opened.map { show($0.value, Self.maskKind(reference.field)) })
    }
  }

  /// What a field holds, by the last part of its name.
  static func maskKind(_ field: String) -> MaskKind {
    switch field.split(separator: ".").last.map(String.init) ?? field {
    case "name": .name
    case "phone", "mobile", "telephone": .phone
    case "identityNumber", "idNumber": .identityNumber
    case "address": .address
    case "email", "mail": .email
    case "plate": .plate
    default: .text
    }
  }

  /// Takes out of an account what identifies a human being, and closes it. The pseudonym stays: the
  /// journal names it.
  mutating func empty(
    _ person: Person, home: PrincipalID, now: UTCTime, store: any NodeStore,
    outcome: inout CoreOutcome
  ) throws {
    var copy = person
    copy.login = "erased-" + Hex.string(random.bytes(8))
    copy.displayName = "-"
    copy.phone = nil
    copy.grants = []
    copy.disabled = true
    try outcome.put(copy, store)
    try outcome.endSessions(of: person.id, store)
    try requireAdministrator(store, now: now)
  }
}
