public import CityCore

/// Why a warning ended.
public enum ClearReason: String, Hashable, Sendable, Codable, CaseIterable {
  /// The value is quiet again, or something is heard again.
  case quiet
  /// The rule is gone or switched off.
  case ruleRemoved = "rule-removed"
  /// The rule has other steps now, and the grade is not among them.
  case ruleChanged = "rule-changed"
  /// The device is gone, or no longer selected.
  case deviceRemoved = "device-removed"
}

/// What the engine found. Doing it twice is harmless: the id of the warning follows from its key, and
/// ``WarningMachine/decide(_:_:)`` makes no event of what has happened already.
public struct WarningTransition: Hashable, Sendable {
  public enum Change: Hashable, Sendable {
    case raised(Grade)
    case stepped(from: Grade, to: Grade)
    case cleared(from: Grade, ClearReason)
  }

  /// Of the warning.
  public var id: ThingID
  public var rule: String
  public var device: ThingID
  public var property: String
  public var change: Change
  /// When it became so, by the times of the readings; may lie before now.
  public var time: UTCTime
  /// The last value before or at that time; nil when there is none.
  public var value: Double?
  /// The time in the warning's key.
  public var opened: UTCTime
}
