public import CityCore
public import Journal

/// What happens to a warning. The kind and the body are what the journal stores.
public enum WarningEvent: Hashable, Sendable {
  case raised(Raised)
  case stepped(Stepped)
  case acknowledged(Acknowledged)
  /// A person says that it is a false alarm.
  case dismissed(Dismissed)
  /// A case was filed because of it.
  case filed(Filed)
  case cleared(Cleared)

  /// `warning.raised`
  public struct Raised: Hashable, Sendable, Codable {
    public var rule: String
    public var ruleName: Label
    /// The device.
    public var subject: ThingID
    public var subjectName: Label
    public var property: String
    public var unit: String
    public var grade: Grade
    /// Nil when the rule looks for silence and nothing was ever measured.
    public var value: Double?
    /// The time in the warning's key; see ``WarningKey``.
    public var opened: UTCTime
    /// When the rule held.
    public var time: UTCTime
    public var jurisdiction: AdminCode
    public var place: Coordinate?
    public var message: Label
    public init(
      rule: String, ruleName: Label, subject: ThingID, subjectName: Label, property: String,
      unit: String, grade: Grade, value: Double?, opened: UTCTime, time: UTCTime,
      jurisdiction: AdminCode, place: Coordinate?, message: Label
    ) {
      self.rule = rule
      self.ruleName = ruleName
      self.subject = subject
      self.subjectName = subjectName
      self.property = property
      self.unit = unit
      self.grade = grade
      self.value = value
      self.opened = opened
      self.time = time
      self.jurisdiction = jurisdiction
      self.place = place
      self.message = message
    }
  }

  /// `warning.stepped`: up or down.
  public struct Stepped: Hashable, Sendable, Codable {
    public var from: Grade
    public var to: Grade
    public var value: Double?
    public var time: UTCTime
    /// The text at the new grade.
    public var message: Label?
    public init(from: Grade, to: Grade, value: Double?, time: UTCTime, message: Label? = nil) {
      self.from = from
      self.to = to
      self.value = value
      self.time = time
      self.message = message
    }
  }

  /// `warning.acknowledged`: who, says the event's actor.
  public struct Acknowledged: Hashable, Sendable, Codable {
    /// The grade that was seen: a step up needs to be seen again.
    public var grade: Grade
    public init(grade: Grade) { self.grade = grade }
  }

  /// `warning.dismissed`
  public struct Dismissed: Hashable, Sendable, Codable {
    public var grade: Grade
    public var reason: String
    public init(grade: Grade, reason: String) {
      self.grade = grade
      self.reason = reason
    }
  }

  /// `warning.filed`
  public struct Filed: Hashable, Sendable, Codable {
    public var incident: ThingID
    public init(incident: ThingID) { self.incident = incident }
  }

  /// `warning.cleared`
  public struct Cleared: Hashable, Sendable, Codable {
    public var reason: ClearReason
    public var value: Double?
    public var time: UTCTime
    public init(reason: ClearReason, value: Double?, time: UTCTime) {
      self.reason = reason
      self.value = value
      self.time = time
    }
  }
}

extension WarningEvent: DomainEvent {
  /// The prefix of the ids of the things it happens to.
  public static let thingKind = WarningKey.idKind

  /// Every kind that ``decode(kind:version:body:)`` understands.
  public static let kinds = [
    "warning.raised", "warning.stepped", "warning.acknowledged", "warning.dismissed",
    "warning.filed", "warning.cleared",
  ]

  /// The journal's name of it.
  public var kind: String {
    switch self {
    case .raised: "warning.raised"
    case .stepped: "warning.stepped"
    case .acknowledged: "warning.acknowledged"
    case .dismissed: "warning.dismissed"
    case .filed: "warning.filed"
    case .cleared: "warning.cleared"
    }
  }

  /// JSON of the public part.
  public func body() -> [UInt8] {
    switch self {
    case .raised(let value): EventBody.encode(value)
    case .stepped(let value): EventBody.encode(value)
    case .acknowledged(let value): EventBody.encode(value)
    case .dismissed(let value): EventBody.encode(value)
    case .filed(let value): EventBody.encode(value)
    case .cleared(let value): EventBody.encode(value)
    }
  }

  /// The event behind stored bytes; nil for kinds, versions and bodies that this release does not
  /// understand.
  public static func decode(kind: String, version: Int, body: [UInt8]) -> WarningEvent? {
    guard version == 1 else { return nil }
    switch kind {
    case "warning.raised": return EventBody.decode(Raised.self, body).map { .raised($0) }
    case "warning.stepped": return EventBody.decode(Stepped.self, body).map { .stepped($0) }
    case "warning.acknowledged":
      return EventBody.decode(Acknowledged.self, body).map { .acknowledged($0) }
    case "warning.dismissed": return EventBody.decode(Dismissed.self, body).map { .dismissed($0) }
    case "warning.filed": return EventBody.decode(Filed.self, body).map { .filed($0) }
    case "warning.cleared": return EventBody.decode(Cleared.self, body).map { .cleared($0) }
    default: return nil
    }
  }

  /// What a person reads of it in a timeline.
  public var text: String? {
    switch self {
    case .raised(let value): value.message.zh
    case .stepped(let value): value.message?.zh
    case .dismissed(let value): value.reason
    case .acknowledged, .filed, .cleared: nil
    }
  }
}
