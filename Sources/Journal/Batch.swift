public import CityCore
import Crypto

/// An event that is to be written: everything but what the commit assigns.
public struct Draft: Hashable, Sendable {
  public var kind: String
  public var kindVersion: Int
  public var thing: ThingID
  public var actor: Actor
  public var cause: EventID?
  public var labels: Labels
  /// JSON of the public part.
  public var body: [UInt8]
  public var sealed: [SealedRef]
  /// What ``body`` was written from, when that is at hand.
  public var memo: StateMemo

  public init(
    kind: String, kindVersion: Int = 1, thing: ThingID, actor: Actor, cause: EventID? = nil,
    labels: Labels, body: [UInt8], memo: StateMemo = StateMemo(), sealed: [SealedRef] = []
  ) {
    self.memo = memo
    self.kind = kind
    self.kindVersion = kindVersion
    self.thing = thing
    self.actor = actor
    self.cause = cause
    self.labels = labels
    self.body = body
    self.sealed = sealed
  }
}

/// The one write verb's argument: all of it becomes durable, or nothing.
public struct Batch: Hashable, Sendable {
  public struct Expectation: Hashable, Sendable {
    public var thing: ThingID
    /// 0 when it must not exist.
    public var version: Int
    public init(thing: ThingID, version: Int) {
      self.thing = thing
      self.version = version
    }
  }
  public var expected: [Expectation]
  public var drafts: [Draft]
  public var idempotency: IdempotencyRecord?

  public init(
    expected: [Expectation] = [], drafts: [Draft], idempotency: IdempotencyRecord? = nil
  ) {
    self.expected = expected
    self.drafts = drafts
    self.idempotency = idempotency
  }
}

/// What a request with an `Idempotency-Key` was answered, kept so that a retry gets the same.
public struct IdempotencyRecord: Hashable, Sendable {
  /// Scoped by who sent it: `principal/key`.
  public var key: String
  /// Of the request that the key came with; see ``fingerprint(of:)``.
  public var fingerprint: Digest32
  public var status: Int
  public var response: [UInt8]
  public var expires: UTCTime
  public init(
    key: String, fingerprint: Digest32, status: Int, response: [UInt8], expires: UTCTime
  ) {
    self.key = key
    self.fingerprint = fingerprint
    self.status = status
    self.response = response
    self.expires = expires
  }

  /// SHA-256 over the parts of a request, each with its length before it (8 bytes, big-endian), so
  /// that no two requests look alike.
  public static func fingerprint(of parts: [[UInt8]]) -> Digest32 {
    var hasher = SHA256()
    for part in parts {
      withUnsafeBytes(of: UInt64(part.count).bigEndian) { hasher.update(bufferPointer: $0) }
      hasher.update(data: part)
    }
    return Digest32(Array(hasher.finalize())) ?? .zero
  }
}

/// Where a node's own chain ends.
public struct JournalHead: Hashable, Sendable, Codable {
  public var node: NodeID
  public var epoch: Epoch
  /// 0 before the first event of the epoch.
  public var seq: Int64
  public var hash: Digest32
  public var time: HybridTime
  public init(node: NodeID, epoch: Epoch, seq: Int64, hash: Digest32, time: HybridTime) {
    self.node = node
    self.epoch = epoch
    self.seq = seq
    self.hash = hash
    self.time = time
  }
}

/// One row of the vault: a personal value, encrypted under its subject's key.
public struct VaultRow: Hashable, Sendable, Codable {
  public var ref: String
  public var subject: PrincipalID
  public var thing: ThingID
  public var salt: [UInt8]
  /// Nonce ‖ ciphertext ‖ tag of AES-256-GCM.
  public var ciphertext: [UInt8]
  public init(
    ref: String, subject: PrincipalID, thing: ThingID, salt: [UInt8], ciphertext: [UInt8]
  ) {
    self.ref = ref
    self.subject = subject
    self.thing = thing
    self.salt = salt
    self.ciphertext = ciphertext
  }
}

/// What the journal needs of a store. All calls are made inside one transaction on one thread; a
/// call that throws leaves the transaction to be rolled back.
public protocol JournalStore: AnyObject {
  /// - Throws: ``Problem`` `corrupted` when the node was never initialised.
  func journalHead() throws -> JournalHead
  func putHead(_ head: JournalHead) throws
  /// Stores an event and gives it the next local position.
  func append(_ event: StoredEvent, arrival: Arrival?) throws -> Int64
  func event(_ id: EventID) throws -> PositionedEvent?
  /// Events of a thing with a version in `versions`, in version order.
  func events(of thing: ThingID, versions: ClosedRange<Int>) throws -> [PositionedEvent]
  /// Events after a local position, in order.
  func events(after position: Int64, limit: Int) throws -> [PositionedEvent]
  /// Events written by a node in an epoch, after a sequence number, in order.
  func events(node: NodeID, epoch: Epoch, after seq: Int64, limit: Int) throws -> [PositionedEvent]
  /// The highest local position; 0 when empty.
  func lastPosition() throws -> Int64

  func putCommit(_ mark: CommitMark) throws
  /// The commit that an event was part of.
  func commit(containing event: EventID) throws -> CommitMark?

  func thing(_ id: ThingID) throws -> ThingRecord?
  func put(_ thing: ThingRecord) throws
  /// Things that wait for `node` to accept them, in order of id.
  func things(offeredTo node: NodeID, limit: Int) throws -> [ThingRecord]

  /// The local position that a named consumer has come to; 0 at first.
  func cursor(_ name: String) throws -> Int64
  func putCursor(_ name: String, _ position: Int64) throws

  func idempotency(_ key: String) throws -> IdempotencyRecord?
  func putIdempotency(_ record: IdempotencyRecord) throws

  func putVault(_ row: VaultRow) throws
  func vault(_ ref: String) throws -> VaultRow?
  /// The wrapped key of a subject; nil when it never had one or was erased.
  func subjectKey(_ subject: PrincipalID) throws -> [UInt8]?
  func putSubjectKey(_ subject: PrincipalID, wrapped: [UInt8]) throws
  /// Deletes key, rows and salts. Returns the things that had rows.
  func eraseSubject(_ subject: PrincipalID) throws -> [ThingID]
}
