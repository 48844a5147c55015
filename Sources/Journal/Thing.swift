public import CityCore

/// What this node holds of a thing: the fold of its events, and what every list needs of it.
/// The owner decides its transitions; every other node holds a replica.
public struct ThingRecord: Hashable, Sendable {
  public var id: ThingID
  public var owner: NodeID
  /// Set while a hand-over is under way: the owner writes nothing but the return of
  /// an offered thing, for the receiver may have written the next version already.
  public var offeredTo: NodeID?
  public var term: Int
  public var version: Int
  public var lastEvent: EventID
  /// Stamp of the last event.
  public var updated: HybridTime
  public var labels: Labels
  /// JSON of the domain's state.
  public var state: [UInt8] { didSet { memo = StateMemo() } }
  /// The state as a value, while it is at hand.
  public internal(set) var memo = StateMemo()
  public var index: ThingIndex {
    _read { yield row.index }
    set { row = Row(newValue) }
  }
  /// Records are handed about a lot: copies share what is large and changes seldom.
  private var row: Row
  /// When the last foreign event of it arrived here; nil when all its events are our own.
  public var arrived: UTCTime?

  public init(
    id: ThingID, owner: NodeID, offeredTo: NodeID? = nil, term: Int, version: Int,
    lastEvent: EventID, updated: HybridTime, labels: Labels, state: [UInt8], index: ThingIndex,
    arrived: UTCTime? = nil
  ) {
    self.id = id
    self.owner = owner
    self.offeredTo = offeredTo
    self.term = term
    self.version = version
    self.lastEvent = lastEvent
    self.updated = updated
    self.labels = labels
    self.state = state
    row = Row(index)
    self.arrived = arrived
  }

  private final class Row: Hashable, Sendable {
    let index: ThingIndex
    init(_ index: ThingIndex) { self.index = index }
    static func == (a: Row, b: Row) -> Bool { a === b || a.index == b.index }
    func hash(into hasher: inout Hasher) { hasher.combine(index) }
  }
}

/// The value that a state or a body was written from. Whoever has it need not read the bytes again; it says
/// nothing that the bytes do not say, so it takes no part in comparisons and is not stored.
public struct StateMemo: Hashable, Sendable {
  private let value: (any Sendable)?
  public init() { value = nil }
  public init(_ value: some Sendable) { self.value = value }
  /// The value; nil when it is not at hand.
  public func value<Value: Sendable>(as type: Value.Type) -> Value? { value as? Value }
  public static func == (a: StateMemo, b: StateMemo) -> Bool { true }
  public func hash(into hasher: inout Hasher) {}
}

/// The searchable row of a thing. Nothing personal lies in it.
public struct ThingIndex: Hashable, Sendable, Codable {
  public var title: String
  /// The domain's stage, such as `handle` or `issued`.
  public var stage: String
  /// False once nothing more is expected to happen.
  public var isOpen: Bool
  public var place: Coordinate?
  /// The thing that it belongs to: the incident of an order, the order of a task.
  public var parent: ThingID?
  /// Unit or department that must act.
  public var assignee: PrincipalID?
  /// The rule of a warning.
  public var rule: String?
  /// The device or other subject of a warning.
  public var subject: String?
  /// Id in the system named by `source`, unique with it.
  public var source: String?
  public var externalId: String?
  public var opened: UTCTime
  public var due: UTCTime?
  public var closed: UTCTime?
  /// When the clock must look at it next: a reminder, an expiry, the end of a suspension.
  public var wake: UTCTime?
  /// Further text for full-text search.
  public var text: String

  public init(
    title: String, stage: String, isOpen: Bool, place: Coordinate? = nil, parent: ThingID? = nil,
    assignee: PrincipalID? = nil, rule: String? = nil, subject: String? = nil,
    source: String? = nil, externalId: String? = nil, opened: UTCTime, due: UTCTime? = nil,
    closed: UTCTime? = nil, wake: UTCTime? = nil, text: String = ""
  ) {
    self.title = title
    self.stage = stage
    self.isOpen = isOpen
    self.place = place
    self.parent = parent
    self.assignee = assignee
    self.rule = rule
    self.subject = subject
    self.source = source
    self.externalId = externalId
    self.opened = opened
    self.due = due
    self.closed = closed
    self.wake = wake
    self.text = text
  }
}

/// What an event makes of a thing's domain state.
public struct Projection: Hashable, Sendable {
  public var state: [UInt8] { didSet { memo = StateMemo() } }
  /// What ``state`` was written from, when that is at hand.
  public private(set) var memo: StateMemo
  public var index: ThingIndex
  public init(state: [UInt8], memo: StateMemo = StateMemo(), index: ThingIndex) {
    self.state = state
    self.memo = memo
    self.index = index
  }
}

/// Folds events into the state of one kind of things. Total: it never fails, whatever the bytes;
/// what it does not understand leaves the state as it was.
public protocol ThingProjector: Sendable {
  /// - Parameter before: state and index so far; nil at the first event.
  func project(_ event: StoredEvent, before: Projection?) -> Projection
}

/// Which projector folds which kind of thing (the prefix of the id).
public struct ProjectorTable: Sendable {
  private var byKind: [String: any ThingProjector] = [:]
  private let fallback = UnknownThingProjector()
  public init() {}
  public mutating func register(_ projector: any ThingProjector, for kind: String) {
    byKind[kind] = projector
  }
  public func projector(for kind: String) -> any ThingProjector { byKind[kind] ?? fallback }
}

/// Keeps things of kinds that this release does not know, so that they are stored and relayed.
/// Also serves kinds that are pure logs.
public struct UnknownThingProjector: ThingProjector {
  public init() {}
  public func project(_ event: StoredEvent, before: Projection?) -> Projection {
    var next =
      before
      ?? Projection(
        state: Array("{}".utf8),
        index: ThingIndex(
          title: event.thing.rawValue, stage: "", isOpen: true, opened: event.header.time.time))
    next.index.stage = event.kind
    return next
  }
}
