public import CityCore
import Crypto

/// A reference from an event to a value in the vault: the chain commits to the value without
/// holding it.
public struct SealedRef: Hashable, Sendable, Codable {
  /// The vault row.
  public var ref: String
  /// The field of the body that the value belongs to, such as `reporter.phone`.
  public var field: String
  /// Whose personal data it is; erasure is by subject.
  public var subject: PrincipalID
  /// HMAC-SHA-256(salt, UTF-8 of the value).
  public var mac: Digest32

  public init(ref: String, field: String, subject: PrincipalID, mac: Digest32) {
    self.ref = ref
    self.field = field
    self.subject = subject
    self.mac = mac
  }
}

/// An event as it lies in the journal. The bytes are what was hashed; they are never written anew.
/// It never changes and is handed about a lot: copies share one piece of memory.
public struct StoredEvent: Hashable, Sendable {
  @usableFromInline let content: Content

  @usableFromInline
  final class Content: Sendable {
    @usableFromInline let header: EventHeader
    @usableFromInline let headerBytes: [UInt8]
    @usableFromInline let body: [UInt8]
    @usableFromInline let sealed: [UInt8]
    @usableFromInline let previous: Digest32
    @usableFromInline let hash: Digest32
    @usableFromInline let memo: StateMemo

    init(
      header: EventHeader, headerBytes: [UInt8], body: [UInt8], sealed: [UInt8],
      previous: Digest32, hash: Digest32, memo: StateMemo
    ) {
      self.memo = memo
      self.header = header
      self.headerBytes = headerBytes
      self.body = body
      self.sealed = sealed
      self.previous = previous
      self.hash = hash
    }
  }

  @inlinable public var header: EventHeader { _read { yield content.header } }
  /// JSON of ``header``, exactly as hashed.
  @inlinable public var headerBytes: [UInt8] { content.headerBytes }
  /// JSON of the public part.
  @inlinable public var body: [UInt8] { content.body }
  /// JSON array of ``SealedRef``; empty when nothing is sealed.
  @inlinable public var sealed: [UInt8] { content.sealed }
  /// The hash of the writer's event before this one; ``Digest32/zero`` before the first.
  @inlinable public var previous: Digest32 { content.previous }
  @inlinable public var hash: Digest32 { content.hash }
  /// What ``body`` was written from, when it was written here just now.
  @inlinable public var memo: StateMemo { content.memo }

  public init(
    header: EventHeader, headerBytes: [UInt8], body: [UInt8], sealed: [UInt8], previous: Digest32,
    hash: Digest32, memo: StateMemo = StateMemo()
  ) {
    content = Content(
      header: header, headerBytes: headerBytes, body: body, sealed: sealed, previous: previous,
      hash: hash, memo: memo)
  }

  @inlinable public var id: EventID { content.header.id }
  @inlinable public var kind: String { content.header.kind }
  @inlinable public var thing: ThingID { content.header.thing }

  public static func == (a: StoredEvent, b: StoredEvent) -> Bool {
    a.content === b.content
      || a.hash == b.hash && a.headerBytes == b.headerBytes && a.body == b.body
        && a.sealed == b.sealed && a.previous == b.previous && a.header == b.header
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(hash) }

  /// SHA-256(previous ‖ length of header as 4 bytes, big-endian ‖ header ‖ SHA-256(body) ‖
  /// SHA-256(sealed)). The rule is public: `docs/link-protocol.md#hash`.
  public static func hash(
    previous: Digest32, headerBytes: [UInt8], body: [UInt8], sealed: [UInt8]
  ) -> Digest32 {
    var hasher = SHA256()
    hasher.update(data: previous.bytes)
    let length = UInt32(truncatingIfNeeded: headerBytes.count).bigEndian
    withUnsafeBytes(of: length) { hasher.update(bufferPointer: $0) }
    hasher.update(data: headerBytes)
    SHA256.hash(data: body).withUnsafeBytes { hasher.update(bufferPointer: $0) }
    let sealedHash = sealed.isEmpty ? nothing : SHA256.hash(data: sealed)
    sealedHash.withUnsafeBytes { hasher.update(bufferPointer: $0) }
    return Digest32(Array(hasher.finalize())) ?? .zero
  }

  /// Of no bytes: most events have nothing sealed.
  private static let nothing = SHA256.hash(data: [UInt8]())

  /// Whether the stored hash follows from the stored bytes.
  public var isIntact: Bool {
    Self.hash(previous: previous, headerBytes: headerBytes, body: body, sealed: sealed) == hash
  }
}

/// An event and where it lies in this node's local order (own and foreign events together, from 1).
public struct PositionedEvent: Hashable, Sendable {
  public let position: Int64
  public let event: StoredEvent
  /// How it came here; nil for own events.
  public let arrival: Arrival?
  public init(position: Int64, event: StoredEvent, arrival: Arrival?) {
    self.position = position
    self.event = event
    self.arrival = arrival
  }
}

/// The way of a foreign event to this node.
public struct Arrival: Hashable, Sendable, Codable {
  /// The neighbour that handed it over.
  public var via: NodeID
  /// When it was committed here.
  public var time: UTCTime
  /// Every hop so far, the newest last.
  public var hops: [Hop]
  public init(via: NodeID, time: UTCTime, hops: [Hop]) {
    self.via = via
    self.time = time
    self.hops = hops
  }
}

/// One hop over one link. The delay is `received - sent - offset`, within ± uncertainty.
public struct Hop: Hashable, Sendable, Codable {
  public var from: NodeID
  public var to: NodeID
  /// By the sender's clock.
  public var sent: UTCTime
  /// By the receiver's clock.
  public var received: UTCTime
  /// Receiver's clock minus sender's, microseconds; nil when it was not measured yet.
  public var offset: Int64?
  /// Half the round trip of that measurement, microseconds.
  public var uncertainty: Int64?
  public init(
    from: NodeID, to: NodeID, sent: UTCTime, received: UTCTime, offset: Int64?, uncertainty: Int64?
  ) {
    self.from = from
    self.to = to
    self.sent = sent
    self.received = received
    self.offset = offset
    self.uncertainty = uncertainty
  }
  /// Microseconds on the way, or nil when the clocks were not compared.
  public var delay: Int64? { offset.map { (received - sent).microseconds &- $0 } }
}

/// A signed group of consecutive events of one writer that were made durable at once.
public struct CommitMark: Hashable, Sendable, Codable {
  /// A transaction with more events has several marks: each travels whole with every frame that
  /// holds one of its events, and a frame has a limit.
  public static let maximumCount = 100

  public var node: NodeID
  public var epoch: Epoch
  public var firstSeq: Int64
  /// Hash of each event from `firstSeq` on.
  public var hashes: [Digest32]
  /// Ed25519 over ``message``.
  public var signature: [UInt8]

  public init(
    node: NodeID, epoch: Epoch, firstSeq: Int64, hashes: [Digest32], signature: [UInt8]
  ) {
    self.node = node
    self.epoch = epoch
    self.firstSeq = firstSeq
    self.hashes = hashes
    self.signature = signature
  }

  /// SHA-256 over the hashes one after the other.
  public static func message(_ hashes: [Digest32]) -> [UInt8] {
    var hasher = SHA256()
    for hash in hashes { hasher.update(data: hash.bytes) }
    return Array(hasher.finalize())
  }

  public func hash(of seq: Int64) -> Digest32? {
    let index = seq - firstSeq
    guard index >= 0, index < Int64(hashes.count) else { return nil }
    return hashes[Int(index)]
  }
}
