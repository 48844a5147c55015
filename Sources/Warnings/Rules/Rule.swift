public import CityCore

/// When a warning is to be raised, as data of a scenario pack. The product knows no rule.
public struct Rule: Hashable, Sendable {
  /// Unique within the node; part of the ids of the warnings. ``NameRule`` holds.
  public var id: String
  public var name: Label
  /// The property that it looks at.
  public var property: String
  public var devices: DeviceSelector
  public var condition: Condition
  /// What the warning says; see ``MessageTemplate``.
  public var message: Label
  /// The case that is filed by itself; nil for none.
  public var incident: IncidentPolicy?
  /// After a warning has ended, none is raised for the same subject for this long.
  public var cooldown: Duration64
  public var isEnabled: Bool

  public init(
    id: String, name: Label, property: String, devices: DeviceSelector = DeviceSelector(),
    condition: Condition, message: Label, incident: IncidentPolicy? = nil,
    cooldown: Duration64 = .zero, isEnabled: Bool = true
  ) {
    self.id = id
    self.name = name
    self.property = property
    self.devices = devices
    self.condition = condition
    self.message = message
    self.incident = incident
    self.cooldown = cooldown
    self.isEnabled = isEnabled
  }

  /// What must hold for a warning.
  public enum Condition: Hashable, Sendable {
    case threshold(Threshold)
    case rateOfChange(RateOfChange)
    case missing(Missing)
  }

  /// One grade of a rule. With hysteresis: raised at one value, ended at a quieter one.
  public struct Step: Hashable, Sendable {
    public var grade: Grade
    /// At this value or beyond, the grade is reached.
    public var raise: Double
    /// Until the value is here or quieter, the grade is kept. Never beyond `raise`.
    public var clear: Double
    public init(grade: Grade, raise: Double, clear: Double) {
      self.grade = grade
      self.raise = raise
      self.clear = clear
    }
  }

  /// The value itself is too high or too low.
  public struct Threshold: Hashable, Sendable {
    public enum Direction: String, Sendable, CaseIterable { case above, below }
    public var direction: Direction
    /// From the least severe grade to the most severe.
    public var steps: [Step]
    /// How long a value must stay beyond `raise`. A value counts until the next one comes.
    public var hold: Duration64
    public init(direction: Direction, steps: [Step], hold: Duration64 = .zero) {
      self.direction = direction
      self.steps = steps
      self.hold = hold
    }
  }

  /// The value changes too fast.
  public struct RateOfChange: Hashable, Sendable {
    public enum Direction: String, Sendable, CaseIterable { case rising, falling, either }
    public var direction: Direction
    /// The change is taken between the newest reading and the oldest within this span. Readings
    /// that are more than two spans apart are not compared.
    public var window: Duration64
    /// `raise` and `clear` are changes per this span.
    public var per: Duration64
    /// From the least severe grade to the most severe. Positive for falling, too.
    public var steps: [Step]
    public var hold: Duration64
    public init(
      direction: Direction, window: Duration64, per: Duration64, steps: [Step],
      hold: Duration64 = .zero
    ) {
      self.direction = direction
      self.window = window
      self.per = per
      self.steps = steps
      self.hold = hold
    }
  }

  /// Nothing is heard.
  public struct Missing: Hashable, Sendable {
    public var after: Duration64
    public var grade: Grade
    public init(after: Duration64, grade: Grade) {
      self.after = after
      self.grade = grade
    }
  }

  /// The case that a warning files.
  public struct IncidentPolicy: Hashable, Sendable {
    /// From this grade on.
    public var fromGrade: Grade
    /// The class of the case, such as `0203`; a city's own table says what it means.
    public var classCode: String
    /// The level that handles it; nil for what grade and class decide.
    public var level: Level?
    public init(fromGrade: Grade, classCode: String, level: Level? = nil) {
      self.fromGrade = fromGrade
      self.classCode = classCode
      self.level = level
    }
  }

  /// Grades that the rule can give, from the least severe.
  public var grades: [Grade] {
    switch condition {
    case .threshold(let threshold): threshold.steps.map(\.grade)
    case .rateOfChange(let rate): rate.steps.map(\.grade)
    case .missing(let missing): [missing.grade]
    }
  }
}

/// Which devices a rule looks at. All that is set must hold; an empty selector takes every device
/// that has the property.
public struct DeviceSelector: Hashable, Sendable {
  public var ids: [ThingID]
  public var kinds: [String]
  /// Devices of any of these areas and below.
  public var jurisdictions: [AdminCode]

  public init(ids: [ThingID] = [], kinds: [String] = [], jurisdictions: [AdminCode] = []) {
    self.ids = ids
    self.kinds = kinds
    self.jurisdictions = jurisdictions
  }

  /// Whether the rule looks at this device.
  public func selects(_ subject: RuleSubject) -> Bool {
    (ids.isEmpty || ids.contains(subject.device))
      && (kinds.isEmpty || kinds.contains(subject.kind))
      && (jurisdictions.isEmpty || jurisdictions.contains { $0.covers(subject.jurisdiction) })
  }
}

/// One series as rules see it: one property of one device.
public struct RuleSubject: Hashable, Sendable {
  /// Its place in the columns of a batch: dense, from 0.
  public var series: Int32
  public var device: ThingID
  public var kind: String
  public var jurisdiction: AdminCode
  public var property: String
  /// Since when it is expected to send: the device's registration.
  public var since: UTCTime

  public init(
    series: Int32, device: ThingID, kind: String, jurisdiction: AdminCode, property: String,
    since: UTCTime
  ) {
    self.series = series
    self.device = device
    self.kind = kind
    self.jurisdiction = jurisdiction
    self.property = property
    self.since = since
  }
}
