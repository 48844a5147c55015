public import CityCore
public import Journal

/// What a neighbour is to this node.
public enum Relation: String, Sendable, Codable, CaseIterable {
  /// We dial it; it commands us.
  case parent
  /// It dials us; we command it.
  case child
  /// A department that is a node of its own; it dials us.
  case department
  /// A node of equal standing, for mutual aid; it dials us or we dial it.
  case neighbour
}

/// A node that we share a link with.
public struct Neighbour: Hashable, Sendable, Codable {
  public enum Standing: String, Sendable, Codable {
    case active
    /// Its certificate is revoked; it may not connect.
    case revoked
    /// Declared lost by an administrator: what it owned or was offered is forfeited.
    case lost
  }
  public var node: NodeID
  public var relation: Relation
  public var level: Level
  public var name: Label
  public var jurisdiction: AdminCode
  /// Ed25519 key of its commits, 32 bytes.
  public var publicKey: [UInt8]
  public var standing: Standing
  /// Serial number of its current certificate, hexadecimal.
  public var certificate: String?
  /// The serial number before that one: good until the new one was used once, because the other end
  /// may have stopped before it could keep the new one.
  public var previousCertificate: String?
  /// When its current certificate ends; of the node that we dial, ours for it.
  public var certificateEnds: UTCTime?
  /// Where we dial; nil when it dials us.
  public var address: String?
  public var since: UTCTime

  public init(
    node: NodeID, relation: Relation, level: Level, name: Label, jurisdiction: AdminCode,
    publicKey: [UInt8], standing: Standing = .active, certificate: String? = nil,
    certificateEnds: UTCTime? = nil, address: String? = nil, since: UTCTime
  ) {
    self.node = node
    self.relation = relation
    self.level = level
    self.name = name
    self.jurisdiction = jurisdiction
    self.publicKey = publicKey
    self.standing = standing
    self.certificate = certificate
    self.certificateEnds = certificateEnds
    self.address = address
    self.since = since
  }
}

extension Neighbour {
  /// Whether a certificate of this serial number may be used now.
  public func accepts(serial: String) -> Bool {
    guard let certificate else { return true }
    return serial == certificate || serial == previousCertificate
  }

  /// A new certificate was issued to whoever showed `shown`.
  public mutating func renew(shown: String, issued: String, ends: UTCTime) {
    previousCertificate = shown
    certificate = issued
    certificateEnds = ends
  }

  /// A certificate was used for a connection: once that was the new one, the previous one is over.
  /// - Returns: whether anything changed.
  public mutating func used(serial: String) -> Bool {
    guard serial == certificate, previousCertificate != nil else { return false }
    previousCertificate = nil
    return true
  }
}

/// What a node says of itself: the body of `node.described`, the first event of every journal.
public struct NodeDescription: Hashable, Sendable, Codable {
  public var node: NodeID
  public var level: Level
  public var name: Label
  public var jurisdiction: AdminCode
  public var isDepartment: Bool
  /// Ed25519 public key, hexadecimal.
  public var key: String
  /// Offset of the jurisdiction's zone from UTC, seconds.
  public var zoneOffset: Int

  public init(
    node: NodeID, level: Level, name: Label, jurisdiction: AdminCode, isDepartment: Bool,
    key: String, zoneOffset: Int
  ) {
    self.node = node
    self.level = level
    self.name = name
    self.jurisdiction = jurisdiction
    self.isDepartment = isDepartment
    self.key = key
    self.zoneOffset = zoneOffset
  }
}

/// A node beyond our neighbours, and through which of them it is reached.
public struct DirectoryEntry: Hashable, Sendable, Codable {
  public var description: NodeDescription
  public var via: NodeID
  public init(description: NodeDescription, via: NodeID) {
    self.description = description
    self.via = via
  }
}

/// One event on its way over one link. `linkSeq` is contiguous from 1 within an epoch of ours.
public struct Release: Hashable, Sendable {
  public var linkSeq: Int64
  /// Local position of the event.
  public var position: Int64
  public var policyVersion: Int
  /// Whether the personal values of its sealed part go along.
  public var withSealed: Bool
  public init(linkSeq: Int64, position: Int64, policyVersion: Int, withSealed: Bool) {
    self.linkSeq = linkSeq
    self.position = position
    self.policyVersion = policyVersion
    self.withSealed = withSealed
  }
}

/// A release, and what a frame says beside its event.
public struct Outgoing: Hashable, Sendable {
  public var release: Release
  public var item: PositionedEvent
  /// Of the thing as it stands now.
  public var parties: [NodeID]
  /// Highest version of the thing that the link was given.
  public var releasedVersion: Int
  public init(
    release: Release, item: PositionedEvent, parties: [NodeID], releasedVersion: Int
  ) {
    self.release = release
    self.item = item
    self.parties = parties
    self.releasedVersion = releasedVersion
  }
}

/// How far one direction of one link has come.
public struct OutboxCursor: Hashable, Sendable, Codable {
  /// Our epoch that the numbers belong to.
  public var epoch: Epoch
  public var released: Int64
  /// The neighbour committed everything up to here.
  public var acknowledged: Int64
  public init(epoch: Epoch, released: Int64 = 0, acknowledged: Int64 = 0) {
    self.epoch = epoch
    self.released = released
    self.acknowledged = acknowledged
  }
}

/// What `Linkage` needs of a store, inside the same transaction as the journal's.
public protocol LinkStore: AnyObject {
  /// In order of node id.
  func neighbours() throws -> [Neighbour]
  func put(_ neighbour: Neighbour) throws
  /// In order of node id.
  func directory() throws -> [DirectoryEntry]
  func put(_ entry: DirectoryEntry) throws

  func outbox(_ link: NodeID) throws -> OutboxCursor?
  func putOutbox(_ link: NodeID, _ cursor: OutboxCursor) throws
  func append(_ release: Release, link: NodeID, epoch: Epoch) throws
  /// Releases after a link sequence number, in order.
  func releases(link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int) throws -> [Release]
  /// The same with everything that a data frame says of them, read at once.
  /// - Throws: ``Problem`` `corrupted` when a release has no event.
  func outgoing(link: NodeID, epoch: Epoch, after linkSeq: Int64, limit: Int) throws -> [Outgoing]
  /// Highest version of the thing that this link was given; 0 for none.
  func releasedVersion(link: NodeID, thing: ThingID) throws -> Int
  func putReleasedVersion(link: NodeID, thing: ThingID, version: Int) throws

  /// How far the neighbour's releases of an epoch were applied here; 0 for none.
  func inbox(_ link: NodeID, epoch: Epoch) throws -> Int64
  func putInbox(_ link: NodeID, epoch: Epoch, through linkSeq: Int64) throws
  /// Every epoch of a neighbour that we applied anything of, with how far.
  func inboxes(_ link: NodeID) throws -> [(epoch: Epoch, through: Int64)]

  /// Foreign events that wait for an earlier version of their thing.
  func park(_ entry: ParkedEvent) throws
  func takeParked(thing: ThingID, version: Int) throws -> [ParkedEvent]

  /// The highest term at which this node declined an offer of the thing; 0 for none. Such an
  /// offer can never be accepted afterwards.
  func declinedTerm(_ thing: ThingID) throws -> Int
  func putDeclinedTerm(_ thing: ThingID, term: Int) throws

  /// Neighbours that have not answered since this node was restored; nil when not quarantined.
  func quarantine() throws -> Quarantine?
  func putQuarantine(_ quarantine: Quarantine?) throws
}

/// The state of a restored node that waits for its neighbours.
public struct Quarantine: Hashable, Sendable, Codable {
  /// The life that the backup was taken from.
  public var lostEpoch: Epoch
  /// The last event of it that the backup holds.
  public var keptThrough: Int64
  public var waitingFor: [NodeID]
  /// An administrator did not wait: the node acts, and still takes back what it lost.
  public var isOverridden: Bool
  public init(
    lostEpoch: Epoch, keptThrough: Int64, waitingFor: [NodeID], isOverridden: Bool = false
  ) {
    self.isOverridden = isOverridden
    self.lostEpoch = lostEpoch
    self.keptThrough = keptThrough
    self.waitingFor = waitingFor
  }
}
