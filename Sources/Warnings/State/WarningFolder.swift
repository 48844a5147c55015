public import CityCore

/// One warning as the list that folds knows it.
public struct FoldItem: Hashable, Sendable {
  public var id: ThingID
  public var rule: String
  public var ruleName: Label
  public var jurisdiction: AdminCode
  public var grade: Grade
  /// When it was raised.
  public var time: UTCTime

  public init(
    id: ThingID, rule: String, ruleName: Label, jurisdiction: AdminCode, grade: Grade,
    time: UTCTime
  ) {
    self.id = id
    self.rule = rule
    self.ruleName = ruleName
    self.jurisdiction = jurisdiction
    self.grade = grade
    self.time = time
  }
}

/// One line: warnings of one rule in one area.
public struct FoldLine: Hashable, Sendable {
  /// The area that the line stands for; nil when it stands for the rest of several.
  public var area: AdminCode?
  /// Nil when it stands for several rules.
  public var rule: String?
  public var ruleName: Label?
  /// The gravest within.
  public var grade: Grade
  public var count: Int
  /// When the newest within was raised.
  public var newest: UTCTime
  /// The warnings within: the gravest first, then the newest, then by id.
  public var items: [FoldItem]
}

/// Folds a flood of warnings into few lines, so that five hundred within a minute can still be read.
public enum WarningFolder {
  public static let maximumLines = 20

  /// Groups by area and rule. Areas are streets as long as that gives few enough lines, then
  /// districts, cities, provinces; then rules are put together; what is left over goes into a last
  /// line. Every warning is in exactly one line.
  ///
  /// Lines are in order of grade, then number, then the newest, then area and rule.
  public static func fold(_ items: [FoldItem], lines maximum: Int = maximumLines) -> [FoldLine] {
    let maximum = max(1, maximum)
    for level in [Level.street, .district, .city, .province] {
      let lines = group(items) { item in
        GroupKey(area: area(item.jurisdiction, level), rule: item.rule)
      }
      if lines.count <= maximum { return lines }
    }
    for level in [Level.street, .district, .city, .province] {
      let lines = group(items) { GroupKey(area: area($0.jurisdiction, level), rule: nil) }
      if lines.count <= maximum { return lines }
    }
    let lines = group(items) { GroupKey(area: area($0.jurisdiction, .province), rule: nil) }
    let rest = lines.dropFirst(maximum - 1).flatMap(\.items)
    return Array(lines.prefix(maximum - 1)) + group(rest) { _ in GroupKey(area: nil, rule: nil) }
  }

  private struct GroupKey: Hashable {
    let area: AdminCode?
    let rule: String?
  }

  /// The area at a level; a higher area stays what it is.
  private static func area(_ code: AdminCode, _ level: Level) -> AdminCode {
    guard code.level > level else { return code }
    let digits = [2, 4, 6, 9, 12][level.depth]
    return AdminCode(rawValue: String(code.rawValue.prefix(digits))) ?? code
  }

  private static func group(
    _ items: [FoldItem], by key: (FoldItem) -> GroupKey
  ) -> [FoldLine] {
    var order: [GroupKey] = []
    var groups: [GroupKey: [FoldItem]] = [:]
    for item in items {
      let key = key(item)
      if groups[key] == nil { order.append(key) }
      groups[key, default: []].append(item)
    }
    let lines = order.compactMap { key -> FoldLine? in
      let items = (groups[key] ?? []).sorted(by: precedes)
      guard let first = items.first else { return nil }
      return FoldLine(
        area: key.area, rule: key.rule, ruleName: key.rule == nil ? nil : first.ruleName,
        grade: first.grade, count: items.count,
        newest: items.reduce(first.time) { max($0, $1.time) }, items: items)
    }
    return lines.sorted(by: precedes)
  }

  private static func precedes(_ a: FoldItem, _ b: FoldItem) -> Bool {
    if a.grade != b.grade { return a.grade > b.grade }
    if a.time != b.time { return a.time > b.time }
    return a.id < b.id
  }

  private static func precedes(_ a: FoldLine, _ b: FoldLine) -> Bool {
    if a.grade != b.grade { return a.grade > b.grade }
    if a.count != b.count { return a.count > b.count }
    if a.newest != b.newest { return a.newest > b.newest }
    return (a.area?.rawValue ?? "~", a.rule ?? "") < (b.area?.rawValue ?? "~", b.rule ?? "")
  }
}
