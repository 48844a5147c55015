import CityCore
import CityJSON
import Testing

@testable import Warnings

func thing(_ text: String) throws -> ThingID { try #require(ThingID(rawValue: text)) }

func area(_ text: String) throws -> AdminCode { try #require(AdminCode(rawValue: text)) }

/// 2026-07-21T00:00:00Z, when these tests begin.
let start = UTCTime(seconds: 1_784_592_000)

func at(_ seconds: Double) -> UTCTime {
  start + Duration64(microseconds: Int64(seconds * 1_000_000))
}

func label(_ text: String) -> Label { Label(zh: text, en: text) }

func subject(
  _ series: Int32, _ device: String, property: String = "waterLevel", kind: String = "gauge",
  code: String = "330102001"
) throws -> RuleSubject {
  RuleSubject(
    series: series, device: try thing(device), kind: kind, jurisdiction: try area(code),
    property: property, since: start - .days(1))
}

func flooding(
  id: String = "road-flooding", hold: Duration64 = .zero, cooldown: Duration64 = .zero
) -> Rule {
  Rule(
    id: id, name: label("Flooding"), property: "waterLevel",
    condition: .threshold(
      .init(
        direction: .above,
        steps: [
          .init(grade: .blue, raise: 10, clear: 8), .init(grade: .yellow, raise: 20, clear: 17),
          .init(grade: .orange, raise: 30, clear: 26), .init(grade: .red, raise: 40, clear: 35),
        ], hold: hold)), message: label("{device}: {value} {unit}"),
    incident: .init(fromGrade: .orange, classCode: "0203"), cooldown: cooldown)
}

func silence(after: Duration64, cooldown: Duration64 = .zero) -> Rule {
  Rule(
    id: "silence", name: label("Silence"), property: "waterLevel",
    condition: .missing(.init(after: after, grade: .yellow)), message: label("{device} is silent"),
    cooldown: cooldown)
}

func rate(
  _ direction: Rule.RateOfChange.Direction, window: Duration64 = .minutes(10),
  hold: Duration64 = .zero
) -> Rule {
  Rule(
    id: "rate", name: label("Rate"), property: "waterLevel",
    condition: .rateOfChange(
      .init(
        direction: direction, window: window, per: .hours(1),
        steps: [
          .init(grade: .yellow, raise: 1, clear: 0.5), .init(grade: .red, raise: 5, clear: 3),
        ], hold: hold)), message: label("fast"))
}

func makeEngine(
  _ rules: [Rule], subjects: [RuleSubject]? = nil, now: UTCTime = start
) throws -> RuleEngine {
  var engine = RuleEngine(node: try #require(NodeID(rawValue: "street-1")))
  let ended = engine.configure(
    rules: rules, subjects: try subjects ?? [subject(0, "dev_a"), subject(1, "dev_b")], now: now)
  #expect(ended.isEmpty)
  return engine
}

extension RuleEngine {
  /// One reading of one series, at a time in seconds from the start.
  mutating func read(
    _ value: Double, _ seconds: Double, series: Int32 = 0, now: UTCTime? = nil
  ) -> [WarningTransition] {
    evaluate(
      series: [series], values: [value], times: [at(seconds).rawValue], now: now ?? at(seconds))
  }
}

/// `raised blue @3`, short enough to compare courses at a glance.
func told(_ transitions: [WarningTransition]) -> [String] {
  transitions.map { each in
    let change =
      switch each.change {
      case .raised(let grade): "raised \(grade.rawValue)"
      case .stepped(let from, let to): "\(from.rawValue)>\(to.rawValue)"
      case .cleared(let from, let reason): "cleared \(from.rawValue) \(reason.rawValue)"
      }
    return "\(change) @\(MessageTemplate.text((each.time - start).secondsValue))"
  }
}

extension SeededRandom {
  /// Uniform in `low..<high`.
  mutating func between(_ low: Double, _ high: Double) -> Double {
    low + (high - low) * Double(next() >> 11) / 9_007_199_254_740_992
  }
}
