import CityCore

/// The rules laid out for the series of a node: built anew when rules or devices change, and only
/// read while readings run through it.
struct RuleProgram: Sendable {
  /// One rule at one series.
  struct Monitor: Sendable {
    let rule: Int32
    let slot: Int32
    let form: Form
    /// Values are multiplied by it, so that larger is worse; for `either`, see `magnitude`.
    let sign: Double
  }

  enum Form: Sendable { case threshold, rate, missing }

  /// A rule with what the engine needs of it in numbers.
  struct Compiled: Sendable {
    let rule: Rule
    let ladder: StepLadder
    let form: Form
    let sign: Double
    let window: Int64
    let per: Int64
    /// The absolute value of the change counts.
    let magnitude: Bool
    /// Changes when the condition does: state of another condition is not carried over unseen.
    let fingerprint: String

    init(_ rule: Rule) {
      self.rule = rule
      var hash = StableHash()
      switch rule.condition {
      case .threshold(let threshold):
        form = .threshold
        sign = threshold.direction == .above ? 1 : -1
        ladder = StepLadder(
          threshold.steps, sign: sign, hold: threshold.hold, cooldown: rule.cooldown)
        window = 0
        per = 0
        magnitude = false
        hash.add("threshold")
        hash.add(threshold.direction.rawValue)
        hash.add("\(threshold.hold.microseconds)")
      case .rateOfChange(let rate):
        form = .rate
        sign = rate.direction == .falling ? -1 : 1
        ladder = StepLadder(rate.steps, sign: 1, hold: rate.hold, cooldown: rule.cooldown)
        window = max(1, rate.window.microseconds)
        per = max(1, rate.per.microseconds)
        magnitude = rate.direction == .either
        hash.add("rate")
        hash.add(rate.direction.rawValue)
        hash.add("\(rate.hold.microseconds)/\(window)/\(per)")
      case .missing(let missing):
        form = .missing
        sign = 1
        // Silence in microseconds is not measured against steps; the ladder only keeps the grade.
        ladder = StepLadder(
          [Rule.Step(grade: missing.grade, raise: 1, clear: 0)], sign: 1, hold: missing.after,
          cooldown: rule.cooldown)
        window = 0
        per = 0
        magnitude = false
        hash.add("missing")
        hash.add("\(missing.after.microseconds)")
      }
      for index in ladder.grades.indices {
        hash.add("\(ladder.grades[index].rawValue) \(ladder.raise[index]) \(ladder.clear[index])")
      }
      fingerprint = hash.text
    }
  }

  let rules: [Compiled]
  /// By series: its slot, or -1 when no rule looks at it.
  let slotOfSeries: [Int32]
  /// By slot.
  let subjects: [RuleSubject]
  /// Where each slot's monitors begin; one more than there are slots.
  let firstMonitor: [Int32]
  let monitors: [Monitor]

  static let empty = RuleProgram([], subjects: [])

  init(_ rules: [Rule], subjects: [RuleSubject]) {
    // Of rules with one id, and of series with one device and property, the first counts: two would
    // raise warnings of one id.
    var ids: Set<String> = []
    let compiled = rules.filter {
      $0.isEnabled && !$0.grades.isEmpty && ids.insert($0.id).inserted
    }.map(Compiled.init)
    var keys: Set<MonitorKey> = []
    var byProperty: [String: [Int]] = [:]
    for (index, each) in compiled.enumerated() {
      byProperty[each.rule.property, default: []].append(index)
    }
    var slots = [Int32](
      repeating: -1, count: Int((subjects.map(\.series).max() ?? -1) + 1))
    var watched: [RuleSubject] = []
    var first: [Int32] = [0]
    var monitors: [Monitor] = []
    for subject in subjects where subject.series >= 0 && slots[Int(subject.series)] < 0 {
      let key = MonitorKey(rule: "", device: subject.device, property: subject.property)
      guard keys.insert(key).inserted else { continue }
      let matching = (byProperty[subject.property] ?? []).filter {
        compiled[$0].rule.devices.selects(subject)
      }
      guard !matching.isEmpty else { continue }
      slots[Int(subject.series)] = Int32(watched.count)
      for rule in matching {
        monitors.append(
          Monitor(
            rule: Int32(rule), slot: Int32(watched.count), form: compiled[rule].form,
            sign: compiled[rule].sign))
      }
      watched.append(subject)
      first.append(Int32(monitors.count))
    }
    self.rules = compiled
    slotOfSeries = slots
    self.subjects = watched
    firstMonitor = first
    self.monitors = monitors
  }
}
