public import Access
public import CityCore
public import Journal

/// Which things a list shows: the scope of who asks, and what they filter by. Newest first; with
/// ``text``, what came to this node last comes first.
public struct ThingQuery: Hashable, Sendable {
  /// What the asker may see. There is no query without one.
  public var scope: Scope
  /// Kinds (prefixes of ids); empty for all.
  public var kinds: [String]
  public var isOpen: Bool?
  public var stages: [String]
  public var minimumGrade: Grade?
  /// Prefix of the class code.
  public var classPrefix: String?
  public var jurisdiction: AdminCode?
  public var parent: ThingID?
  public var assignee: PrincipalID?
  public var owner: NodeID?
  public var rule: String?
  public var subject: String?
  public var source: String?
  public var externalId: String?
  public var openedFrom: UTCTime?
  public var openedUntil: UTCTime?
  /// Due before this and still open.
  public var dueBefore: UTCTime?
  /// Full-text search in title and text, as ``SearchText`` understands it.
  public var text: String?

  public init(scope: Scope, kinds: [String] = []) {
    self.scope = scope
    self.kinds = kinds
    stages = []
  }
}

/// Which events an audit search shows, newest first.
public struct EventQuery: Hashable, Sendable {
  public var scope: Scope
  public var thing: ThingID?
  public var actor: PrincipalID?
  /// A kind, or a prefix that ends in a dot.
  public var kind: String?
  public var from: UTCTime?
  public var until: UTCTime?
  public init(scope: Scope) { self.scope = scope }
}

/// How many open things there are of one kind, stage and grade.
public struct OpenTally: Hashable, Sendable {
  public var kind: String
  public var stage: String
  public var grade: Grade?
  public var count: Int
  /// Those of them whose limit has passed.
  public var overdue: Int
  public init(kind: String, stage: String, grade: Grade?, count: Int, overdue: Int) {
    self.kind = kind
    self.stage = stage
    self.grade = grade
    self.count = count
    self.overdue = overdue
  }
}

/// The reading side of the node's store. Reads see what is durable, never wait for the writer, and
/// do not block it.
public protocol NodeReader: Sendable {
  func things(_ query: ThingQuery, page: PageRequest) async throws -> Page<ThingRecord>
  /// How many things the query finds; counting stops at `cap`.
  func count(_ query: ThingQuery, cap: Int) async throws -> Int
  func thing(_ id: ThingID) async throws -> ThingRecord?
  /// Those of these things that are known here, in no particular order.
  func things(_ ids: [ThingID]) async throws -> [ThingRecord]
  /// Counts the open things of this owner.
  func tally(ownedBy node: NodeID, now: UTCTime) async throws -> [OpenTally]
  /// The events of several things in local order; `limit` in all.
  func events(of things: [ThingID], limit: Int) async throws -> [PositionedEvent]
  func events(after position: Int64, limit: Int) async throws -> [PositionedEvent]
  func events(_ query: EventQuery, page: PageRequest) async throws -> Page<PositionedEvent>
  /// Things whose `parent` is one of these, oldest first.
  func children(of parents: [ThingID], limit: Int) async throws -> [ThingRecord]
  func lastPosition() async throws -> Int64
  /// The answer on record for an `Idempotency-Key`, expired or not.
  func idempotency(_ key: String) async throws -> IdempotencyRecord?
  /// Runs the whole own chain of an epoch past `check`, in order, and gives the head.
  func walkChain(
    _ check: @escaping @Sendable (StoredEvent, CommitMark?) -> Void
  ) async throws -> JournalHead
}
