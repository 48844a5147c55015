public import CityCore

/// One line of a ``ReleasePolicy``. It matches an event when every condition that it states holds;
/// a condition left out holds always.
public struct ReleaseRule: Hashable, Sendable {
  public enum Effect: String, Codable, Sendable { case allow, deny }

  /// Whom it is about: every neighbour of a relation, or one node. Text form `parent`, `child`,
  /// `department`, `neighbour`, `any`, or `node:ID`.
  public enum Selector: Hashable, Sendable {
    case any
    case relation(ReleaseQuestion.Relation)
    case node(NodeID)
  }

  /// Where the event belongs. Text form `own`, `neighbour`, `overlapping-neighbour`, `any`, or a
  /// list of codes.
  public enum Ground: Hashable, Sendable {
    case any
    /// Within this node's jurisdiction.
    case own
    /// Within the neighbour's jurisdiction.
    case neighbour
    /// Within the neighbour's jurisdiction, or all of it lies within where the event belongs: a
    /// warning for the whole city concerns its street.
    case overlappingNeighbour
    /// Within one of these.
    case codes([AdminCode])
  }

  public var effect: Effect
  public var neighbours: [Selector]
  /// Nil: both ways.
  public var direction: ReleaseQuestion.Direction?
  /// True: only for things in which a node behind this link takes part; false: only for others;
  /// nil: for both.
  public var addressed: Bool?
  /// Patterns of event kinds; `*` stands for any run of characters. Empty: every kind.
  public var kinds: [String]
  /// Beginnings of class codes. Empty: every class, and events without one.
  public var classes: [String]
  /// This grade or above; an event without a grade does not match. See ``ReleaseQuestion/follows``.
  public var minimumGrade: Grade?
  public var jurisdiction: Ground
  /// For `deny`: this data class or above.
  public var minimumDataClass: DataClass?
  /// For `allow`: this data class or below. Only `personal` lets the sealed part go too.
  public var maximumDataClass: DataClass?
  /// Why, for the pages and for the audit.
  public var why: Label

  public init(
    _ effect: Effect, to neighbours: [Selector], direction: ReleaseQuestion.Direction? = nil,
    addressed: Bool? = nil, kinds: [String] = [], classes: [String] = [],
    minimumGrade: Grade? = nil, jurisdiction: Ground = .any,
    minimumDataClass: DataClass? = nil, maximumDataClass: DataClass? = nil, why: Label
  ) {
    self.effect = effect
    self.neighbours = neighbours
    self.direction = direction
    self.addressed = addressed
    self.kinds = kinds
    self.classes = classes
    self.minimumGrade = minimumGrade
    self.jurisdiction = jurisdiction
    self.minimumDataClass = minimumDataClass
    self.maximumDataClass = maximumDataClass
    self.why = why
  }

  /// What an `allow` without a stated maximum lets go.
  public static let usualMaximum = DataClass.work

  /// True when this rule, matching, lets the sealed part go.
  var releasesSealed: Bool {
    effect == .allow && (maximumDataClass ?? Self.usualMaximum) == .personal
  }
}

// MARK: - Matching

extension ReleaseRule {
  /// A condition of a rule that an event did not meet.
  public enum Condition: String, Codable, Sendable, CaseIterable {
    case neighbour, direction, addressed, kind, classCode, grade, jurisdiction, dataClass
  }

  /// The conditions that do not hold, in a fixed order; empty when the rule matches.
  func unmet(_ question: ReleaseQuestion) -> [Condition] {
    var unmet: [Condition] = []
    if !neighbours.contains(where: { $0.selects(question.neighbour) }) { unmet.append(.neighbour) }
    if let direction, direction != question.direction { unmet.append(.direction) }
    if let addressed, addressed != question.addressed { unmet.append(.addressed) }
    if !kinds.isEmpty, !kinds.contains(where: { Glob.matches($0, question.kind) }) {
      unmet.append(.kind)
    }
    let code = question.labels.classCode
    if !classes.isEmpty, !classes.contains(where: { code?.hasPrefix($0) ?? false }) {
      unmet.append(.classCode)
    }
    if let minimumGrade, !isCarried(question),
      question.labels.grade.map({ $0 < minimumGrade }) ?? true
    {
      unmet.append(.grade)
    }
    if !jurisdiction.includes(question) { unmet.append(.jurisdiction) }
    let dataClass = question.labels.dataClass
    switch effect {
    case .allow where dataClass > (maximumDataClass ?? Self.usualMaximum): unmet.append(.dataClass)
    case .deny where dataClass < (minimumDataClass ?? .open): unmet.append(.dataClass)
    case .allow, .deny: break
    }
    return unmet
  }

  /// Whether every condition holds: what ``unmet(_:)`` says in full, without naming any.
  func matches(_ question: ReleaseQuestion) -> Bool {
    if let direction, direction != question.direction { return false }
    if let addressed, addressed != question.addressed { return false }
    guard neighbours.contains(where: { $0.selects(question.neighbour) }) else { return false }
    guard kinds.isEmpty || kinds.contains(where: { Glob.matches($0, question.kind) }) else {
      return false
    }
    return unmet(question).isEmpty
  }

  /// A thing that was let go for its grade once is let go to its end; a `deny` holds as it stands.
  private func isCarried(_ question: ReleaseQuestion) -> Bool {
    effect == .allow && question.follows
  }
}

extension ReleaseRule.Selector {
  func selects(_ neighbour: ReleaseQuestion.Neighbour) -> Bool {
    switch self {
    case .any: true
    case .relation(let relation): relation == neighbour.relation
    case .node(let node): node == neighbour.node
    }
  }
}

extension ReleaseRule.Ground {
  func includes(_ question: ReleaseQuestion) -> Bool {
    let place = question.labels.jurisdiction
    let theirs = question.neighbour.jurisdiction
    return switch self {
    case .any: true
    case .own: question.own.covers(place)
    case .neighbour: theirs.covers(place)
    case .overlappingNeighbour: theirs.covers(place) || place.covers(theirs)
    case .codes(let codes): codes.contains { $0.covers(place) }
    }
  }
}

/// Patterns with `*`.
enum Glob {
  /// In time proportional to the product of the lengths at worst; both are short.
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let (pattern, text) = (pattern.utf8, text.utf8)
    var p = pattern.startIndex
    var t = text.startIndex
    var star: String.UTF8View.Index?
    var resume = t
    while t < text.endIndex {
      if p < pattern.endIndex, pattern[p] == 0x2A {
        star = p
        resume = t
        p = pattern.index(after: p)
        // A star at the end takes whatever follows.
        if p == pattern.endIndex { return true }
      } else if p < pattern.endIndex, pattern[p] == text[t] {
        p = pattern.index(after: p)
        t = text.index(after: t)
      } else if let last = star {
        p = pattern.index(after: last)
        resume = text.index(after: resume)
        t = resume
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == 0x2A }
  }
}
