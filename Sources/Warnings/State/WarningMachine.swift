public import CityCore

/// What is asked of a warning.
public enum WarningCommand: Hashable, Sendable {
  /// By the engine.
  case raise(WarningEvent.Raised)
  case step(to: Grade, value: Double?, time: UTCTime, message: Label?)
  case clear(ClearReason, value: Double?, time: UTCTime)
  /// By a person: it was seen.
  case acknowledge
  /// By a person: it is a false alarm.
  case dismiss(reason: String)
  /// A case was filed because of it.
  case file(incident: ThingID)
}

/// The rules of a warning's life, without clock or store.
public enum WarningMachine {
  /// The events that a command leads to. Commands of the engine may come twice; the second time they
  /// lead to nothing.
  /// - Throws: ``Problem`` `not-found` for a warning that was never raised, `refused` for one that is
  ///   over, `invalid` for a reason that is missing or too long.
  public static func decide(
    _ state: WarningState?, _ command: WarningCommand
  ) throws(Problem) -> [WarningEvent] {
    if case .raise(let raised) = command {
      guard let state else { return [.raised(raised)] }
      // The same silence may be found again after a rule was taken away and put back.
      guard let cleared = state.cleared, raised.time > cleared else { return [] }
      return [.raised(raised)]
    }
    guard let state else { throw Problem(.notFound, "there is no such warning") }
    switch command {
    case .raise:
      return []
    case .step(let grade, let value, let time, let message):
      guard state.stage != .cleared, grade != state.grade, time >= state.updated else { return [] }
      return [
        .stepped(.init(from: state.grade, to: grade, value: value, time: time, message: message))
      ]
    case .clear(let reason, let value, let time):
      guard state.stage != .cleared, time >= state.updated else { return [] }
      return [.cleared(.init(reason: reason, value: value, time: time))]
    case .acknowledge:
      switch state.stage {
      case .raised: return [.acknowledged(.init(grade: state.grade))]
      case .acknowledged: return []
      case .dismissed, .cleared: throw Problem(.refused, "the warning is over")
      }
    case .dismiss(let reason):
      guard state.isOpen else { throw Problem(.refused, "the warning is over") }
      let trimmed = trim(reason)
      guard (1...Limits.title).contains(trimmed.utf8.count) else {
        throw Problem(
          .invalid, "a false alarm needs a reason",
          faults: [.init(at: "/reason", reason: "must be 1...\(Limits.title) bytes")])
      }
      return [.dismissed(.init(grade: state.grade, reason: trimmed))]
    case .file(let incident):
      return state.incident == incident ? [] : [.filed(.init(incident: incident))]
    }
  }

  private static func trim(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}

/// What the rank above knows of the device behind a transition.
public struct WarningSubject: Hashable, Sendable {
  public var name: Label
  public var jurisdiction: AdminCode
  public var place: Coordinate?
  public var unit: String
  public init(name: Label, jurisdiction: AdminCode, place: Coordinate?, unit: String) {
    self.name = name
    self.jurisdiction = jurisdiction
    self.place = place
    self.unit = unit
  }
}

extension WarningTransition {
  /// The command that makes it an event. An end needs neither rule nor subject; a beginning or a step
  /// without them is nil: the rule went in the meantime, and its end follows.
  public func command(rule: Rule?, subject: WarningSubject?) -> WarningCommand? {
    if case .cleared(_, let reason) = change {
      return .clear(reason, value: value, time: time)
    }
    guard let rule, let subject, let grade else { return nil }
    let message = MessageTemplate.fill(
      rule.message,
      MessageTemplate.Values(
        device: subject.name, property: property, value: value, unit: subject.unit, grade: grade,
        rule: rule.name))
    guard case .raised = change else {
      return .step(to: grade, value: value, time: time, message: message)
    }
    return .raise(
      WarningEvent.Raised(
        rule: rule.id, ruleName: rule.name, subject: device, subjectName: subject.name,
        property: property, unit: subject.unit, grade: grade, value: value, opened: opened,
        time: time, jurisdiction: subject.jurisdiction, place: subject.place, message: message))
  }

  /// The grade that it leads to; nil for an end.
  public var grade: Grade? {
    switch change {
    case .raised(let grade): grade
    case .stepped(_, let grade): grade
    case .cleared: nil
    }
  }

  /// Whether a case is to be filed: the rule names a grade, and this one reaches it from below.
  public func filesIncident(_ policy: Rule.IncidentPolicy?) -> Bool {
    guard let policy, let grade, grade >= policy.fromGrade else { return false }
    if case .stepped(let from, _) = change { return from < policy.fromGrade }
    return true
  }
}
