public import CityCore
import CityJSON
public import Journal

/// A warning: the fold of its events.
public struct WarningState: Hashable, Sendable, Codable {
  public typealias Event = WarningEvent

  /// Where it stands for people.
  public enum Stage: String, Hashable, Sendable, Codable, CaseIterable {
    /// Nobody has seen it yet.
    case raised
    case acknowledged
    /// Said to be a false alarm. A step up to a graver grade brings it back.
    case dismissed
    /// Over.
    case cleared
  }

  /// One entry of the course of grades.
  public struct Step: Hashable, Sendable, Codable {
    public var grade: Grade
    public var time: UTCTime
    public var value: Double?
  }

  /// Entries of ``steps`` that are kept: the first, and the newest.
  public static let keptSteps = 100

  public var rule: String
  public var ruleName: Label
  public var subject: ThingID
  public var subjectName: Label
  public var property: String
  public var unit: String
  public var stage: Stage
  public var grade: Grade
  /// The gravest so far.
  public var peak: Grade
  /// The newest value that changed something.
  public var value: Double?
  /// The time in the key.
  public var opened: UTCTime
  /// When the rule held.
  public var raised: UTCTime
  /// When the grade changed last, or it ended.
  public var updated: UTCTime
  public var jurisdiction: AdminCode
  public var place: Coordinate?
  public var message: Label
  public var steps: [Step]
  public var acknowledgedBy: PrincipalID?
  public var acknowledgedAt: UTCTime?
  public var dismissal: String?
  /// The case that was filed because of it.
  public var incident: ThingID?
  public var clearReason: ClearReason?
  public var cleared: UTCTime?

  /// Whether the condition still holds and nobody called it false.
  public var isOpen: Bool { stage == .raised || stage == .acknowledged }

  /// The state after an event. Total: an event that cannot follow leaves it as it was; nil stays nil
  /// until the warning is raised.
  public static func evolve(
    _ state: WarningState?, _ event: WarningEvent, _ header: EventHeader
  ) -> WarningState? {
    guard var state else {
      guard case .raised(let raised) = event else { return nil }
      return WarningState(raised)
    }
    switch event {
    case .raised(let raised):
      guard state.stage == .cleared else { break }
      let incident = state.incident
      state = WarningState(raised)
      state.incident = incident
    case .stepped(let stepped):
      guard state.stage != .cleared else { break }
      let isGraver = stepped.to > state.grade
      state.grade = stepped.to
      state.peak = max(state.peak, stepped.to)
      state.value = stepped.value ?? state.value
      state.updated = stepped.time
      state.message = stepped.message ?? state.message
      state.note(Step(grade: stepped.to, time: stepped.time, value: stepped.value))
      if isGraver {
        // Seen at a lesser grade is not seen.
        state.stage = .raised
        state.acknowledgedBy = nil
        state.acknowledgedAt = nil
        state.dismissal = nil
      }
    case .acknowledged:
      guard state.stage == .raised else { break }
      state.stage = .acknowledged
      state.acknowledgedBy = header.actor.id
      state.acknowledgedAt = header.time.time
    case .dismissed(let dismissed):
      guard state.isOpen else { break }
      state.stage = .dismissed
      state.dismissal = dismissed.reason
      state.acknowledgedBy = state.acknowledgedBy ?? header.actor.id
      state.acknowledgedAt = state.acknowledgedAt ?? header.time.time
    case .filed(let filed):
      state.incident = filed.incident
    case .cleared(let cleared):
      guard state.stage != .cleared else { break }
      state.stage = .cleared
      state.clearReason = cleared.reason
      state.value = cleared.value ?? state.value
      state.updated = cleared.time
      state.cleared = cleared.time
    }
    return state
  }

  /// As above. Nothing of a warning is sealed.
  public static func evolve(
    _ state: WarningState?, _ event: WarningEvent, _ header: EventHeader, sealed: [SealedRef]
  ) -> WarningState? {
    evolve(state, event, header)
  }

  /// The row that serves lists.
  public var index: ThingIndex {
    ThingIndex(
      title: message.zh, stage: stage.rawValue, isOpen: isOpen, place: place, parent: incident,
      rule: rule, subject: subject.rawValue, opened: raised, closed: cleared,
      text: [message.en, ruleName.zh, ruleName.en, subjectName.zh, subjectName.en].joined(
        separator: "\n"))
  }

  /// What the engine is told at the start; see ``RuleEngine/reconcile(open:now:)``. Nil once the
  /// condition no longer holds.
  public func openWarning(id: ThingID) -> OpenWarning? {
    guard stage != .cleared else { return nil }
    return OpenWarning(
      id: id, rule: rule, device: subject, property: property, grade: grade, opened: opened,
      updated: updated)
  }

  /// The state in a thing's record.
  /// - Throws: ``Problem`` `corrupted` when the bytes are not such a state.
  public init(record: ThingRecord) throws(Problem) {
    guard let value = try? JSON.decode(Self.self, from: record.state) else {
      throw Problem(.corrupted, "the state of \(record.id) cannot be read")
    }
    self = value
  }

  private init(_ raised: WarningEvent.Raised) {
    rule = raised.rule
    ruleName = raised.ruleName
    subject = raised.subject
    subjectName = raised.subjectName
    property = raised.property
    unit = raised.unit
    stage = .raised
    grade = raised.grade
    peak = raised.grade
    value = raised.value
    opened = raised.opened
    self.raised = raised.time
    updated = raised.time
    jurisdiction = raised.jurisdiction
    place = raised.place
    message = raised.message
    steps = [Step(grade: raised.grade, time: raised.time, value: raised.value)]
  }

  private mutating func note(_ step: Step) {
    steps.append(step)
    // A warning that flutters for weeks must not grow without end.
    if steps.count > Self.keptSteps { steps.remove(at: 1) }
  }
}

/// Folds stored events into warnings. Unknown kinds and unreadable bodies keep the state.
public struct WarningProjector: ThingProjector {
  private let upcasters: UpcasterTable

  public init(upcasters: UpcasterTable = UpcasterTable()) { self.upcasters = upcasters }

  public func project(_ event: StoredEvent, before: Projection?) -> Projection {
    let header = event.header
    let state = before.flatMap {
      $0.memo.value(as: WarningState.self) ?? (try? JSON.decode(WarningState.self, from: $0.state))
    }
    let current = upcasters.current(
      kind: header.kind, version: header.kindVersion, body: event.body)
    let known = WarningEvent.decode(
      kind: header.kind, version: current.version, body: current.body)
    guard let known, let next = WarningState.evolve(state, known, header),
      let bytes = try? JSON.encode(next)
    else {
      return before
        ?? Projection(
          state: Array("{}".utf8),
          index: ThingIndex(
            title: header.thing.rawValue, stage: "", isOpen: true, opened: header.time.time))
    }
    return Projection(state: bytes, memo: StateMemo(next), index: next.index)
  }
}

extension ProjectorTable {
  /// Registers the projector of warnings.
  public mutating func registerWarnings(upcasters: UpcasterTable = UpcasterTable()) {
    register(WarningProjector(upcasters: upcasters), for: WarningEvent.thingKind)
  }
}
