public import CityCore

/// What may pass, and why.
public struct ReleaseDecision: Hashable, Sendable, Codable {
  public enum Release: String, Codable, Sendable {
    case full
    /// The header, the public part and the hash of the sealed part; never the sealed part itself.
    case withoutSealed = "without-sealed"
    case no
  }

  public let release: Release
  /// The rule that decided, counted from 0; nil when it was the default for things that are
  /// addressed, or that no rule lets go.
  public let rule: Int?
  public let why: Label

  public var isReleased: Bool { release != .no }
}

/// What passes the links of a node. The sender asks before it releases, the receiver asks again
/// before it stores, each its own policy.
///
/// - A matching `deny` wins over everything.
/// - A thing is released when a rule allows it, or when a node behind the link takes part in it.
/// - The sealed part, with what it says of people, passes only by a rule that allows `personal`.
public struct ReleasePolicy: Hashable, Sendable {
  /// Grows with every change. A link records under which version it released.
  public let version: Int
  public let rules: [ReleaseRule]

  public init(version: Int, rules: [ReleaseRule]) {
    self.version = version
    self.rules = rules
  }

  public func decide(_ question: ReleaseQuestion) -> ReleaseDecision {
    var allowing: Int?
    for (index, rule) in rules.enumerated() {
      // A rule that cannot change the outcome is not looked at.
      if rule.effect == .allow, let found = allowing,
        rules[found].releasesSealed || !rule.releasesSealed
      {
        continue
      }
      guard rule.matches(question) else { continue }
      switch rule.effect {
      case .deny: return ReleaseDecision(release: .no, rule: index, why: rule.why)
      case .allow: allowing = index
      }
    }
    if let index = allowing {
      return ReleaseDecision(
        release: rules[index].releasesSealed ? .full : .withoutSealed, rule: index,
        why: rules[index].why)
    }
    guard question.addressed else {
      return ReleaseDecision(release: .no, rule: nil, why: Self.noRule)
    }
    guard question.labels.dataClass < .personal else {
      return ReleaseDecision(release: .no, rule: nil, why: Self.personalNeedsRule)
    }
    return ReleaseDecision(release: .withoutSealed, rule: nil, why: Self.takesPart)
  }

  static let noRule = Label(zh: "没有规则允许", en: "no rule allows it")
  static let personalNeedsRule = Label(
    zh: "个人数据须有规则明确允许", en: "personal data needs a rule that allows it")
  static let takesPart = Label(zh: "对方参与该事项", en: "the other side takes part in it")
}

// MARK: - For the page where an administrator tries a policy out

extension ReleasePolicy {
  /// What became of one rule.
  public struct RuleTrace: Hashable, Sendable, Codable {
    public let rule: Int
    public let effect: ReleaseRule.Effect
    public let why: Label
    /// Empty when the rule matched.
    public let unmet: [ReleaseRule.Condition]
    /// True for the rule that decided.
    public let decided: Bool
  }

  /// The decision and what each rule had to do with it.
  public func explain(
    _ question: ReleaseQuestion
  ) -> (decision: ReleaseDecision, trace: [RuleTrace]) {
    let decision = decide(question)
    let trace = rules.enumerated().map { index, rule in
      RuleTrace(
        rule: index, effect: rule.effect, why: rule.why, unmet: rule.unmet(question),
        decided: decision.rule == index)
    }
    return (decision, trace)
  }
}

extension ReleasePolicy: Codable {
  private enum CodingKeys: String, CodingKey, CaseIterable { case version, rules }

  /// - Throws: `DecodingError` for a missing or unknown key or a value out of range. Call
  ///   ``validate()`` next.
  public init(from decoder: any Decoder) throws {
    try StrictKeys.check(decoder, allowed: CodingKeys.allCases.map(\.rawValue))
    let box = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      version: try box.decode(Int.self, forKey: .version),
      rules: try box.decode([ReleaseRule].self, forKey: .rules))
  }

  public func encode(to encoder: any Encoder) throws {
    var box = encoder.container(keyedBy: CodingKeys.self)
    try box.encode(version, forKey: .version)
    try box.encode(rules, forKey: .rules)
  }
}
