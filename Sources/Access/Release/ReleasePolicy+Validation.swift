public import CityCore

extension ReleasePolicy {
  /// Rules that a policy may have: each event is held against all of them.
  public static let maximumRules = 200
  /// Patterns, classes, codes or neighbours that one rule may list.
  public static let maximumList = 100

  /// - Throws: `invalid` with a fault for everything that cannot be meant so, at JSON Pointers such
  ///   as `/rules/3/kinds/0`.
  public func validate() throws(Problem) {
    let found = faults()
    guard found.isEmpty else {
      throw Problem(.invalid, "the release policy has \(found.count) faults", faults: found)
    }
  }

  /// The faults, in the order of the rules.
  public func faults() -> [Problem.Fault] {
    var faults: [Problem.Fault] = []
    if version < 1 { faults.append(.init(at: "/version", reason: "counts from 1")) }
    if rules.count > Self.maximumRules {
      return faults + [.init(at: "/rules", reason: "at most \(Self.maximumRules)")]
    }
    for (index, rule) in rules.enumerated() {
      faults += rule.faults(at: "/rules/\(index)")
      if let earlier = rules[..<index].firstIndex(where: { $0.sameConditions(as: rule) }) {
        let reason =
          rules[earlier].effect == rule.effect
          ? "says the same as rule \(earlier)" : "contradicts rule \(earlier)"
        faults.append(.init(at: "/rules/\(index)", reason: reason))
      }
    }
    return faults
  }
}

extension ReleaseRule {
  func faults(at path: String) -> [Problem.Fault] {
    var faults: [Problem.Fault] = []
    func fault(_ key: String, _ reason: String) {
      faults.append(.init(at: path + "/" + key, reason: reason))
    }
    func list(_ count: Int, _ key: String) {
      if count > ReleasePolicy.maximumList { fault(key, "at most \(ReleasePolicy.maximumList)") }
    }
    if neighbours.isEmpty { fault("neighbours", "names nobody") }
    list(neighbours.count, "neighbours")
    list(kinds.count, "kinds")
    list(classes.count, "classes")
    for (index, kind) in kinds.enumerated() where !Self.isPattern(kind) {
      fault("kinds/\(index)", "1...64 of letters, digits, '.', '-' and '*'")
    }
    for (index, code) in classes.enumerated() where !Self.isClassPrefix(code) {
      fault("classes/\(index)", "1...16 letters and digits")
    }
    if case .codes(let codes) = jurisdiction {
      if codes.isEmpty { fault("jurisdiction", "lists no code") }
      list(codes.count, "jurisdiction")
    }
    if effect == .deny, maximumDataClass != nil {
      fault("maximumDataClass", "is for allow; deny takes minimumDataClass")
    }
    if effect == .allow, minimumDataClass != nil {
      fault("minimumDataClass", "is for deny; allow takes maximumDataClass")
    }
    FieldRules.title(why.zh, at: path + "/why/zh", &faults)
    FieldRules.title(why.en, at: path + "/why/en", &faults)
    return faults
  }

  /// True when both match the same events, so that one of them is useless or they contradict.
  func sameConditions(as other: ReleaseRule) -> Bool {
    neighbours == other.neighbours && direction == other.direction
      && addressed == other.addressed && kinds == other.kinds && classes == other.classes
      && minimumGrade == other.minimumGrade && jurisdiction == other.jurisdiction
      && (effect != other.effect
        ? maximumDataClass == nil && minimumDataClass == nil && other.maximumDataClass == nil
          && other.minimumDataClass == nil
        : maximumDataClass == other.maximumDataClass && minimumDataClass == other.minimumDataClass)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private static func isPattern(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { isLetterOrDigit($0) || [0x2A, 0x2D, 0x2E].contains($0) }
  }

  private static func isClassPrefix(_ text: String) -> Bool {
    (1...16).contains(text.utf8.count) && text.utf8.allSatisfy(isLetterOrDigit)
  }
}
