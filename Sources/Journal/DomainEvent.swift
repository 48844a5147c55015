public import CityCore
public import CityJSON

/// An event of one kind of thing. Kind and body are what the journal stores; the shape of a body
/// is public and versioned, so it is written by ``body()`` and not by a synthesized coding of the
/// enumeration.
public protocol DomainEvent: Hashable, Sendable {
  /// The prefix of the ids of the things it happens to, such as `inc`.
  static var thingKind: String { get }
  /// Every kind that ``decode(kind:version:body:)`` understands.
  static var kinds: [String] { get }
  /// `domain.pastParticiple`, such as `incident.filed`.
  var kind: String { get }
  /// The event behind stored bytes; nil for kinds, versions and bodies that this release does not
  /// understand. Never fails otherwise, whatever the bytes.
  static func decode(kind: String, version: Int, body: [UInt8]) -> Self?
  /// JSON of the public part.
  func body() -> [UInt8]
  /// What a person reads of it in a timeline: the reason, the report, the note. Nothing personal.
  var text: String? { get }
  /// The version that ``body()`` writes of a kind; 1 unless a kind says otherwise.
  static func version(of kind: String) -> Int
  /// Steps from the bodies of older versions to the present one. Whoever reads a stored event goes
  /// through them: states, timelines and reactions see the newest shape alone.
  static var upcasters: UpcasterTable { get }
}

extension DomainEvent {
  public static func version(of kind: String) -> Int { 1 }
  public static var upcasters: UpcasterTable { UpcasterTable() }

  /// The event inside a stored one, brought up from an older version; nil when it is of another kind.
  public init?(_ event: StoredEvent) {
    if let value = event.memo.value(as: Self.self) {
      self = value
      return
    }
    let header = event.header
    let current = Self.upcasters.current(
      kind: header.kind, version: header.kindVersion, body: event.body)
    guard
      let value = Self.decode(kind: header.kind, version: current.version, body: current.body)
    else { return nil }
    self = value
  }

  /// What a commit needs of it.
  public func draft(
    thing: ThingID, actor: Actor, cause: EventID? = nil, labels: Labels, sealed: [SealedRef] = []
  ) -> Draft {
    Draft(
      kind: kind, kindVersion: Self.version(of: kind), thing: thing, actor: actor, cause: cause,
      labels: labels, body: body(), memo: StateMemo(self), sealed: sealed)
  }
}

/// The state of one kind of thing: the fold of its events.
public protocol ThingState: Codable, Hashable, Sendable {
  associatedtype Event: DomainEvent
  /// Total. An event that cannot follow leaves the state as it was; nil stays nil until the event
  /// that opens the thing.
  static func evolve(
    _ state: Self?, _ event: Event, _ header: EventHeader, sealed: [SealedRef]
  ) -> Self?
  /// The row that serves lists. Nothing personal lies in it.
  var index: ThingIndex { get }
  /// What `JSON.encode` gives. States that can grow large write themselves.
  func json() throws(JSONFault) -> [UInt8]
}

extension ThingState {
  public func json() throws(JSONFault) -> [UInt8] { try JSON.encode(self) }

  /// As above, for events without personal data.
  public static func evolve(_ state: Self?, _ event: Event, _ header: EventHeader) -> Self? {
    evolve(state, event, header, sealed: [])
  }

  /// The state in a thing's record.
  /// - Throws: ``Problem`` `corrupted` when the bytes are not such a state.
  public init(record: ThingRecord) throws(Problem) {
    guard
      let value = record.memo.value(as: Self.self)
        ?? (try? JSON.decode(Self.self, from: record.state))
    else {
      throw Problem(.corrupted, "the state of \(record.id) cannot be read")
    }
    self = value
  }

  /// The state after `events`, all at the given header's time and version. For use cases that
  /// decide twice within one commit.
  public static func fold(_ state: Self?, _ events: [Event], _ header: EventHeader) -> Self? {
    events.reduce(state) { evolve($0, $1, header, sealed: []) }
  }
}

/// Folds stored events into the states of one kind of thing. Unknown kinds and unreadable bodies
/// keep the state.
public struct Projector<State: ThingState>: ThingProjector {
  public init() {}

  public func project(_ event: StoredEvent, before: Projection?) -> Projection {
    let header = event.header
    let state = before.flatMap {
      $0.memo.value(as: State.self) ?? (try? JSON.decode(State.self, from: $0.state))
    }
    guard let known = State.Event(event) else { return before ?? Self.unknown(header) }
    let sealed =
      event.sealed.isEmpty
      ? [] : (try? JSON.decode([SealedRef].self, from: event.sealed)) ?? []
    guard let next = State.evolve(state, known, header, sealed: sealed),
      let bytes = try? next.json()
    else { return before ?? Self.unknown(header) }
    return Projection(state: bytes, memo: StateMemo(next), index: next.index)
  }

  private static func unknown(_ header: EventHeader) -> Projection {
    Projection(
      state: Array("{}".utf8),
      index: ThingIndex(
        title: header.thing.rawValue, stage: "", isOpen: true, opened: header.time.time))
  }
}

/// How bodies are written and read.
public enum EventBody {
  /// Every payload is made of strings, integers and finite numbers, which always encode; the empty
  /// object stands in should that ever change, and `decode` then refuses it.
  public static func encode(_ value: some Encodable) -> [UInt8] {
    (try? JSON.encode(value)) ?? Array("{}".utf8)
  }

  public static func decode<Value: Decodable>(_ type: Value.Type, _ body: [UInt8]) -> Value? {
    try? JSON.decode(type, from: body)
  }
}
