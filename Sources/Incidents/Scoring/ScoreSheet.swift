public import CityCore

/// What is counted of a list of cases.
public enum Measure: String, Codable, Sendable, CaseIterable {
  /// Should be closed by now.
  case due
  /// Of these, suspended.
  case deferred
  /// Should be closed, not suspended, and is closed.
  case closed
  /// As `closed`, in time.
  case closedOnTime
  /// Should be closed, and urgent.
  case urgentDue
  /// Of these, suspended.
  case urgentDeferred
  /// As `closed`, urgent ones only.
  case urgentClosed
  /// As `closedOnTime`, urgent ones only.
  case urgentClosedOnTime
  /// Failed checks, all of them.
  case reworks
  /// Cases with three failed checks or more.
  case thriceFailed
  /// Handled falsely, or refused without reason.
  case faulted
  /// Returns, all of them.
  case bounces

  /// How much one case adds.
  func count(_ summary: CaseSummary) -> Int {
    let isCounted = summary.isDue && !summary.isDeferred
    return switch self {
    case .due: summary.isDue ? 1 : 0
    case .deferred: summary.isDue && summary.isDeferred ? 1 : 0
    case .closed: isCounted && summary.isClosed ? 1 : 0
    case .closedOnTime: isCounted && summary.isOnTime ? 1 : 0
    case .urgentDue: summary.isUrgent ? Measure.due.count(summary) : 0
    case .urgentDeferred: summary.isUrgent ? Measure.deferred.count(summary) : 0
    case .urgentClosed: summary.isUrgent ? Measure.closed.count(summary) : 0
    case .urgentClosedOnTime: summary.isUrgent ? Measure.closedOnTime.count(summary) : 0
    case .reworks: summary.failedChecks
    case .thriceFailed: summary.failedChecks >= 3 ? 1 : 0
    case .faulted: summary.isFaulted ? 1 : 0
    case .bounces: summary.bounces
    }
  }
}

/// The formulas of an evaluation. Data: every city has its own.
public struct ScoreSheet: Hashable, Sendable, Codable {
  /// A rate that should be reached: `counted ÷ (of − less)`.
  public struct Target: Hashable, Sendable, Codable {
    /// The numerator.
    public var counted: Measure
    /// The denominator.
    public var of: Measure
    /// Taken off the denominator.
    public var less: Measure?
    /// 0...1; at or above it nothing is lost.
    public var rate: Double
    /// Points lost for each percentage point below.
    public var lossPerPoint: Double
    /// A rate that should be reached.
    public init(
      _ counted: Measure, of: Measure, less: Measure? = nil, rate: Double, lossPerPoint: Double
    ) {
      self.counted = counted
      self.of = of
      self.less = less
      self.rate = rate
      self.lossPerPoint = lossPerPoint
    }
  }

  /// Points that are given unless targets are missed; never below 0.
  public struct Item: Hashable, Sendable, Codable {
    /// What people read.
    public var name: Label
    /// Points when every target is reached.
    public var points: Double
    /// What is to be reached.
    public var targets: [Target]
    /// Points for reaching targets.
    public init(name: Label, points: Double, targets: [Target]) {
      self.name = name
      self.points = points
      self.targets = targets
    }
  }

  /// Points that each occurrence costs.
  public struct Penalty: Hashable, Sendable, Codable {
    /// What people read.
    public var name: Label
    /// What is counted.
    public var measure: Measure
    /// Points lost for each.
    public var points: Double
    /// Points lost for each occurrence.
    public init(name: Label, measure: Measure, points: Double) {
      self.name = name
      self.measure = measure
      self.points = points
    }
  }

  /// What gives points.
  public var items: [Item]
  /// What costs points.
  public var penalties: [Penalty]
  /// How often a case counts that leaders or media raised; 1...100.
  public var raisedWeight: Int

  /// Formulas as data.
  public init(items: [Item], penalties: [Penalty], raisedWeight: Int = 1) {
    self.items = items
    self.penalties = penalties
    self.raisedWeight = raisedWeight
  }

  /// Jinhua's: on-time closing 50 points from 70 %, closing 20 from 90 %, urgent 10 from 100 %
  /// closed and 95 % on time; rework, three failed checks and faults cost; raised cases count twice.
  public static let jinhua = ScoreSheet(
    items: [
      Item(
        name: Label(zh: "按时结案率", en: "On-time closing rate"), points: 50,
        targets: [
          Target(.closedOnTime, of: .due, less: .deferred, rate: 0.70, lossPerPoint: 1)
        ]),
      Item(
        name: Label(zh: "结案率", en: "Closing rate"), points: 20,
        targets: [Target(.closed, of: .due, less: .deferred, rate: 0.90, lossPerPoint: 1)]),
      Item(
        name: Label(zh: "紧急案件", en: "Urgent cases"), points: 10,
        targets: [
          Target(
            .urgentClosed, of: .urgentDue, less: .urgentDeferred, rate: 1, lossPerPoint: 0.5),
          Target(
            .urgentClosedOnTime, of: .urgentDue, less: .urgentDeferred, rate: 0.95,
            lossPerPoint: 0.5),
        ]),
    ],
    penalties: [
      Penalty(name: Label(zh: "返工", en: "Rework"), measure: .reworks, points: 0.2),
      Penalty(
        name: Label(zh: "三次核查不通过", en: "Three failed checks"), measure: .thriceFailed,
        points: 0.5),
      Penalty(
        name: Label(zh: "虚假处置、无故推诿", en: "False handling or refusal without reason"),
        measure: .faulted, points: 1),
    ], raisedWeight: 2)
}
