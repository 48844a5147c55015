public import CityCore
public import Journal

/// A file kept as evidence. The bytes lie in the evidence folder under their hash.
public struct EvidenceRecord: Hashable, Sendable, Codable {
  public var sha256: Digest32
  /// The task or case it belongs to; who may see that may see the file.
  public var thing: ThingID
  public var name: String
  public var mediaType: String
  public var size: Int64
  public var added: UTCTime
  public var by: PrincipalID
  /// Bytes present here so far; equal to `size` when it is whole. Foreign evidence arrives by
  /// chunks.
  public var present: Int64
  public init(
    sha256: Digest32, thing: ThingID, name: String, mediaType: String, size: Int64,
    added: UTCTime, by: PrincipalID, present: Int64
  ) {
    self.sha256 = sha256
    self.thing = thing
    self.name = name
    self.mediaType = mediaType
    self.size = size
    self.added = added
    self.by = by
    self.present = present
  }
}

/// A receiver of events outside this system.
public struct WebhookRecord: Hashable, Sendable, Codable {
  public var id: String
  public var url: String
  /// Key of the HMAC signature; encrypted at rest by the store's owner, never listed.
  public var secret: String
  /// Kinds of events; a kind, or a prefix that ends in a dot; empty for all.
  public var kinds: [String]
  public var jurisdiction: AdminCode
  public var minimumGrade: Grade?
  public var created: UTCTime
  /// Local position that was delivered last.
  public var cursor: Int64
  public var failures: Int
  public var nextAttempt: UTCTime?
  public var isPaused: Bool
  public init(
    id: String, url: String, secret: String, kinds: [String], jurisdiction: AdminCode,
    minimumGrade: Grade?, created: UTCTime, cursor: Int64, failures: Int = 0,
    nextAttempt: UTCTime? = nil, isPaused: Bool = false
  ) {
    self.id = id
    self.url = url
    self.secret = secret
    self.kinds = kinds
    self.jurisdiction = jurisdiction
    self.minimumGrade = minimumGrade
    self.created = created
    self.cursor = cursor
    self.failures = failures
    self.nextAttempt = nextAttempt
    self.isPaused = isPaused
  }
}

/// A message that must leave the building: an unacknowledged red or orange order or warning.
public struct OutboundMessage: Hashable, Sendable, Codable {
  /// Thing and round, such as `tsk_…/1`: the same message is queued once.
  public var id: String
  public var thing: ThingID
  public var grade: Grade
  public var subject: Label
  public var text: Label
  public var queued: UTCTime
  public var attempts: Int
  public var nextAttempt: UTCTime
  public var sent: UTCTime?
  public var lastError: String?
  public init(
    id: String, thing: ThingID, grade: Grade, subject: Label, text: Label, queued: UTCTime,
    attempts: Int = 0, nextAttempt: UTCTime, sent: UTCTime? = nil, lastError: String? = nil
  ) {
    self.id = id
    self.thing = thing
    self.grade = grade
    self.subject = subject
    self.text = text
    self.queued = queued
    self.attempts = attempts
    self.nextAttempt = nextAttempt
    self.sent = sent
    self.lastError = lastError
  }
}

/// An invitation that this node gave out.
public struct InvitationRecord: Hashable, Sendable, Codable {
  /// SHA-256 of the secret.
  public var secretHash: Digest32
  public var node: NodeID
  public var relation: String
  public var level: Level
  public var jurisdiction: AdminCode
  public var name: Label
  public var expires: UTCTime
  public var created: UTCTime
  /// The idempotency key it was consumed with, and the certificate chain that was issued.
  public var usedBy: String?
  public var grant: String?
  public init(
    secretHash: Digest32, node: NodeID, relation: String, level: Level, jurisdiction: AdminCode,
    name: Label, expires: UTCTime, created: UTCTime, usedBy: String? = nil, grant: String? = nil
  ) {
    self.secretHash = secretHash
    self.node = node
    self.relation = relation
    self.level = level
    self.jurisdiction = jurisdiction
    self.name = name
    self.expires = expires
    self.created = created
    self.usedBy = usedBy
    self.grant = grant
  }
}

/// What `Operations` itself needs of the store, inside the writer's transaction.
public protocol OperationsStore: AnyObject {
  func evidence(_ sha256: Digest32) throws -> [EvidenceRecord]
  func put(_ evidence: EvidenceRecord) throws
  /// Files of others that have not arrived, in order of thing and hash.
  func missingEvidence(limit: Int) throws -> [EvidenceRecord]

  func webhooks() throws -> [WebhookRecord]
  func put(_ webhook: WebhookRecord) throws
  func deleteWebhook(_ id: String) throws

  /// Queues a message unless one of its id is known.
  func enqueue(_ message: OutboundMessage) throws
  func outbound(dueBy: UTCTime, limit: Int) throws -> [OutboundMessage]
  func update(_ message: OutboundMessage) throws

  func invitation(secretHash: Digest32) throws -> InvitationRecord?
  func put(_ invitation: InvitationRecord) throws

  /// Removes what nobody needs any more, within the bounds. Never anything of the journal, and
  /// nothing that a neighbour may yet ask for: the releases of the present life stay readable.
  func prune(_ bounds: PruneBounds) throws -> PruneReport

  /// Named settings that a person may change while the node runs: packs, policies, rules. JSON.
  func document(_ name: String) throws -> [UInt8]?
  func putDocument(_ name: String, _ bytes: [UInt8]) throws

  /// Open things of these kinds owned by this node whose `wake` has come, in order of that time.
  func dueThings(kinds: [String], by: UTCTime, limit: Int) throws -> [ThingRecord]
  /// Things whose parent is this one, in order of id.
  func things(parent: ThingID, limit: Int) throws -> [ThingRecord]
  /// Open things that this node owns, of any kind but audit, in order of id.
  func openThings(ownedBy node: NodeID) throws -> [ThingRecord]
  /// A thing by the id it has in another system.
  func thing(source: String, externalId: String, kind: String) throws -> ThingRecord?
}
