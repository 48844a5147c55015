public import CityCore

/// How often an order rings until it is acknowledged, and when it leaves the building. It stands in
/// the order itself, so that every node rings alike.
public struct ReminderPlan: Hashable, Sendable, Codable {
  /// Seconds between two reminders; at least 10.
  public let everySeconds: Int
  /// Reminders at most.
  public let maximum: Int
  /// Seconds after which an unacknowledged order is sent out of the building; nil for never.
  public let outboundSeconds: Int?

  /// Reminders that any plan has.
  static let most = 1_000

  /// Clamped: 10 s to 30 days between reminders, at most 1000 of them.
  public init(everySeconds: Int, maximum: Int, outboundSeconds: Int? = nil) {
    self.everySeconds = min(max(10, everySeconds), 2_592_000)
    self.maximum = min(max(0, maximum), Self.most)
    self.outboundSeconds = outboundSeconds.map { min(max(10, $0), 2_592_000) }
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      everySeconds: try container.decode(Int.self, forKey: .everySeconds),
      maximum: try container.decode(Int.self, forKey: .maximum),
      outboundSeconds: try container.decodeIfPresent(Int.self, forKey: .outboundSeconds))
  }

  /// When the reminder after `given` ones is due; nil when all were given.
  func next(after given: Int, since start: UTCTime) -> UTCTime? {
    given < maximum ? start + .seconds(Int64(everySeconds) * Int64(max(0, given) + 1)) : nil
  }

  /// The number of the reminder that is given at `now`. Those that were missed, because the node
  /// was down, are passed over.
  func number(after given: Int, since start: UTCTime, at now: UTCTime) -> Int {
    let due = (now - start).microseconds / (Int64(everySeconds) * 1_000_000)
    return max(given + 1, Int(min(Int64(maximum), max(0, due))))
  }

  /// When it must leave the building.
  func outbound(since start: UTCTime) -> UTCTime? {
    outboundSeconds.map { start + .seconds(Int64($0)) }
  }
}

/// The plan of each grade. Data.
public struct ReminderSchedule: Hashable, Sendable, Codable {
  /// Nil: not repeated.
  public var red: ReminderPlan?
  /// Nil: not repeated.
  public var orange: ReminderPlan?
  /// Nil: not repeated.
  public var yellow: ReminderPlan?
  /// Nil: not repeated.
  public var blue: ReminderPlan?

  /// A grade without a plan is not repeated.
  public init(
    red: ReminderPlan? = nil, orange: ReminderPlan? = nil, yellow: ReminderPlan? = nil,
    blue: ReminderPlan? = nil
  ) {
    self.red = red
    self.orange = orange
    self.yellow = yellow
    self.blue = blue
  }

  /// The plan of a grade.
  public subscript(grade: Grade) -> ReminderPlan? {
    switch grade {
    case .red: red
    case .orange: orange
    case .yellow: yellow
    case .blue: blue
    }
  }

  /// Red every minute and out after 3, orange every two and out after 5; the others stay inside.
  public static let standard = ReminderSchedule(
    red: ReminderPlan(everySeconds: 60, maximum: 60, outboundSeconds: 180),
    orange: ReminderPlan(everySeconds: 120, maximum: 30, outboundSeconds: 300),
    yellow: ReminderPlan(everySeconds: 600, maximum: 6),
    blue: ReminderPlan(everySeconds: 1_800, maximum: 3))
}
