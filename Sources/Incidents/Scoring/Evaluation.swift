public import CityCore

/// What a list of cases scores on a sheet.
public struct Evaluation: Hashable, Sendable, Codable {
  /// One rate as it came out.
  public struct Rate: Hashable, Sendable, Codable {
    /// The numerator.
    public var counted: Int
    /// The denominator.
    public var of: Int
    /// 0...1 and more; nil when there was nothing to count, and then nothing is lost.
    public var value: Double? { of > 0 ? Double(counted) / Double(of) : nil }
  }

  /// One line of the sheet as it came out.
  public struct Line: Hashable, Sendable, Codable {
    /// What people read.
    public var name: Label
    /// Rates of an item; for a penalty, how often it came.
    public var rates: [Rate]
    /// Given, or negative for a penalty.
    public var points: Double
  }

  /// How a list is divided.
  public enum Grouping: Hashable, Sendable {
    /// By the unit that must handle the case.
    case organisation
    /// By area, cut to a level.
    case area(Level)
    /// By class, cut to so many characters.
    case classCode(Int)
  }

  /// One group of cases.
  public struct Group: Hashable, Sendable, Codable {
    /// Organisation, administrative code or class; empty when a case has none.
    public var key: String
    /// Cases in it.
    public var cases: Int
    /// What they score.
    public var evaluation: Evaluation
  }

  /// Items and penalties in the order of the sheet.
  public var lines: [Line]
  /// The sum, never below 0.
  public var total: Double

  /// Works the sheet out over a list of cases.
  public init(_ cases: [CaseSummary], sheet: ScoreSheet) {
    let weight = min(max(1, sheet.raisedWeight), 100)
    func count(_ measure: Measure) -> Int {
      cases.reduce(0) { sum, summary in
        sum + measure.count(summary) * (summary.isRaisedAbove ? weight : 1)
      }
    }
    lines = sheet.items.map { item in
      let rates = item.targets.map {
        Rate(counted: count($0.counted), of: count($0.of) - ($0.less.map(count) ?? 0))
      }
      let lost = zip(item.targets, rates).reduce(0.0) { sum, pair in
        guard let value = pair.1.value, value < pair.0.rate else { return sum }
        return sum + (pair.0.rate - value) * 100 * pair.0.lossPerPoint
      }
      return Line(name: item.name, rates: rates, points: max(0, Self.rounded(item.points - lost)))
    }
    lines += sheet.penalties.map { penalty in
      let times = count(penalty.measure)
      return Line(
        name: penalty.name, rates: [Rate(counted: times, of: cases.count)],
        points: Self.rounded(-Double(times) * penalty.points))
    }
    total = max(0, Self.rounded(lines.reduce(0) { $0 + $1.points }))
  }

  /// Each group by itself, in order of its key.
  public static func groups(
    _ cases: [CaseSummary], by grouping: Grouping, sheet: ScoreSheet
  ) -> [Group] {
    let keyed = cases.map { (key: Self.key($0, grouping), summary: $0) }
    return keyed.map(\.key).unique().map { key in
      let members = keyed.filter { $0.key == key }.map(\.summary)
      return Group(
        key: key, cases: members.count, evaluation: Evaluation(members, sheet: sheet))
    }
  }

  private static func key(_ summary: CaseSummary, _ grouping: Grouping) -> String {
    switch grouping {
    case .organisation: summary.organisation?.rawValue ?? ""
    case .area(let level):
      String(summary.jurisdiction.rawValue.prefix([2, 4, 6, 9, 12][level.depth]))
    case .classCode(let length): String(summary.classCode.prefix(max(0, length)))
    }
  }

  /// To the hundredth: what people add up by hand must come out alike.
  private static func rounded(_ points: Double) -> Double {
    let value = (points * 100).rounded() / 100
    return value == 0 ? 0 : value
  }
}
