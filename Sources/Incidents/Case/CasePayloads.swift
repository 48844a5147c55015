public import CityCore

/// A link from a case to the warning that led to it or belongs to it.
public struct WarningLink: Hashable, Sendable, Codable {
  /// A `wrn_` thing.
  public var warning: ThingID
  /// Its grade now; warnings step up and down.
  public var grade: Grade
  /// False once it has ended.
  public var isOpen: Bool
  /// A warning in its present state.
  public init(warning: ThingID, grade: Grade, isOpen: Bool = true) {
    self.warning = warning
    self.grade = grade
    self.isOpen = isOpen
  }
}

/// A link to another thing, such as an order, a similar case, a case that was merged into this.
public struct LinkedThing: Hashable, Sendable, Codable {
  /// How the other thing relates to this one.
  public enum Relation: String, Codable, Sendable, CaseIterable {
    case order, similar, absorbed, urgentWork, cause, other
  }
  /// The other thing.
  public var thing: ThingID
  /// How it relates.
  public var relation: Relation
  /// A link to another thing.
  public init(thing: ThingID, relation: Relation) {
    self.thing = thing
    self.relation = relation
  }
}

/// What a case is filed with. Who reported it goes into the sealed part of the event instead.
public struct CaseReport: Hashable, Sendable, Codable {
  /// One line.
  public var title: String
  /// What was seen; may be empty.
  public var description: String
  /// The city's class code; ``ClassCode``.
  public var classCode: String
  /// How severe.
  public var grade: Grade
  /// Where it comes from.
  public var source: CaseSource
  /// WGS 84.
  public var place: Coordinate?
  /// Where, in words: a street corner, never a person's home (that is sealed).
  public var address: String?
  /// Where it belongs.
  public var jurisdiction: AdminCode
  /// The warning that led to it.
  public var warning: WarningLink?
  /// The system that it was taken over from, unique together with `externalId`.
  public var externalSource: String?
  /// Its id there.
  public var externalId: String?
  /// When it happened, if that was earlier than the report.
  public var occurred: UTCTime?
  /// 领导批示、媒体曝光: counts double in evaluation.
  public var isRaisedAbove: Bool

  /// A report; `Incident.decide` says whether it is acceptable.
  public init(
    title: String, description: String = "", classCode: String, grade: Grade, source: CaseSource,
    place: Coordinate? = nil, address: String? = nil, jurisdiction: AdminCode,
    warning: WarningLink? = nil, externalSource: String? = nil, externalId: String? = nil,
    occurred: UTCTime? = nil, isRaisedAbove: Bool = false
  ) {
    self.title = title
    self.description = description
    self.classCode = classCode
    self.grade = grade
    self.source = source
    self.place = place
    self.address = address
    self.jurisdiction = jurisdiction
    self.warning = warning
    self.externalSource = externalSource
    self.externalId = externalId
    self.occurred = occurred
    self.isRaisedAbove = isRaisedAbove
  }

  /// The same with its texts trimmed.
  /// - Throws: ``Problem`` `invalid` naming the field that is not acceptable.
  func checked(now: UTCTime) throws(Problem) -> CaseReport {
    var copy = self
    copy.title = try TextRule.title(title, at: "/title")
    copy.description = try TextRule.optional(description, at: "/description") ?? ""
    copy.address = try TextRule.optionalTitle(address, at: "/address")
    copy.externalSource = try TextRule.optionalTitle(externalSource, at: "/source", limit: 64)
    copy.externalId = try TextRule.optionalTitle(externalId, at: "/externalId", limit: 200)
    guard ClassCode(rawValue: classCode) != nil else {
      throw TextRule.fault("/classCode", "1...12 letters and digits")
    }
    if let occurred, occurred > now + .minutes(5) {
      throw TextRule.fault("/occurred", "lies in the future")
    }
    return copy
  }
}
