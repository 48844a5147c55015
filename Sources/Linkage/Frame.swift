public import CityCore
import CityJSON
public import Journal

/// A text frame of the link protocol, version 1. `docs/link-protocol.md` describes each, with a
/// JSON Schema; `type` selects the shape.
public enum Frame: Hashable, Sendable {
  case hello(Hello)
  case data(DataFrame)
  case ack(Ack)
  case ping(Ping)
  case pong(Pong)
  /// Events of the receiver's own that it lost; answered after a restore.
  case returned(Returned)
  case refused(Refused)
  case evidenceWanted(EvidenceWanted)
  case evidenceMissing(EvidenceMissing)
  case vitals(Vitals)

  public struct Cursor: Hashable, Sendable, Codable {
    public var epoch: Epoch
    public var through: Int64
    public init(epoch: Epoch, through: Int64) {
      self.epoch = epoch
      self.through = through
    }
  }

  public struct Hello: Hashable, Sendable, Codable {
    /// Versions of this protocol that the sender speaks.
    public var protocols: [Int]
    public var node: NodeID
    public var epoch: Epoch
    /// Random per process: tells a restarted node from its twin.
    public var instance: String
    /// How far the receiver's releases were applied, for every epoch of the receiver.
    public var applied: [Cursor]
    /// Last own event and its hash.
    public var seq: Int64
    public var hash: Digest32
    /// Set by a restored node: the life it lost, and what it kept of it.
    public var restored: Cursor?
    public var time: UTCTime
    public var software: String
    public init(
      protocols: [Int], node: NodeID, epoch: Epoch, instance: String, applied: [Cursor],
      seq: Int64, hash: Digest32, restored: Cursor?, time: UTCTime, software: String
    ) {
      self.protocols = protocols
      self.node = node
      self.epoch = epoch
      self.instance = instance
      self.applied = applied
      self.seq = seq
      self.hash = hash
      self.restored = restored
      self.time = time
      self.software = software
    }
  }

  public struct DataFrame: Hashable, Sendable, Codable {
    public var epoch: Epoch
    public var sent: UTCTime
    public var entries: [Entry]
    public var commits: [WireCommit]
    public init(
      epoch: Epoch, sent: UTCTime, entries: [Entry], commits: [WireCommit]
    ) {
      self.epoch = epoch
      self.sent = sent
      self.entries = entries
      self.commits = commits
    }
  }

  public struct Entry: Hashable, Sendable, Codable {
    /// The link sequence number.
    public var seq: Int64
    public var policy: Int
    /// The receiver is a party of the thing as it stands now, or reaches one. Events from before it
    /// became one come along as history.
    public var addressed: Bool
    /// A later version of the thing goes to the receiver as well: this one comes along as history,
    /// also where policy would not let it pass by itself.
    public var follows: Bool
    public var event: WireEvent
    public var hops: [Hop]
    /// Personal values that the release policy lets through.
    public var sealed: [WireSealed]?
    public init(
      seq: Int64, policy: Int, addressed: Bool, follows: Bool, event: WireEvent, hops: [Hop],
      sealed: [WireSealed]?
    ) {
      self.seq = seq
      self.policy = policy
      self.addressed = addressed
      self.follows = follows
      self.event = event
      self.hops = hops
      self.sealed = sealed
    }
  }

  public struct Ack: Hashable, Sendable, Codable {
    public var epoch: Epoch
    /// The receiver's database holds everything up to here.
    public var through: Int64
    public init(
      epoch: Epoch, through: Int64
    ) {
      self.epoch = epoch
      self.through = through
    }
  }

  public struct Ping: Hashable, Sendable, Codable {
    public var sent: UTCTime
    /// The sender's highest release on this link, for the other end's backlog figure.
    public var released: Int64
    public init(
      sent: UTCTime, released: Int64
    ) {
      self.sent = sent
      self.released = released
    }
  }

  public struct Pong: Hashable, Sendable, Codable {
    public var echo: UTCTime
    public var received: UTCTime
    public var sent: UTCTime
    public init(
      echo: UTCTime, received: UTCTime, sent: UTCTime
    ) {
      self.echo = echo
      self.received = received
      self.sent = sent
    }
  }

  public struct Returned: Hashable, Sendable, Codable {
    public var epoch: Epoch
    public var events: [Entry]
    public var commits: [WireCommit]
    /// True on the last frame.
    public var done: Bool
    public init(
      epoch: Epoch, events: [Entry], commits: [WireCommit], done: Bool
    ) {
      self.epoch = epoch
      self.events = events
      self.commits = commits
      self.done = done
    }
  }

  public struct Refused: Hashable, Sendable, Codable {
    /// A code of ``Problem/Code``, or `gap`, `twin`, `protocol`.
    public var code: String
    public var detail: String
    /// The release concerned; 0 when it is about the whole link.
    public var seq: Int64
    public init(
      code: String, detail: String, seq: Int64
    ) {
      self.code = code
      self.detail = detail
      self.seq = seq
    }
  }

  public struct EvidenceWanted: Hashable, Sendable, Codable {
    public var sha256: Digest32
    /// The task or case that it belongs to: permission follows from it.
    public var thing: ThingID
    public var offset: Int64
    public init(sha256: Digest32, thing: ThingID, offset: Int64) {
      self.sha256 = sha256
      self.thing = thing
      self.offset = offset
    }
  }

  public struct EvidenceMissing: Hashable, Sendable, Codable {
    public var sha256: Digest32
    public init(sha256: Digest32) { self.sha256 = sha256 }
  }
}

// MARK: - Events on the wire

/// An event in a CloudEvents 1.0 envelope (JSON format). What was hashed travels as text, byte for
/// byte: the header in `cbheader`, the public part in `data`, the sealed references in `cbsealed`.
public struct WireEvent: Hashable, Sendable, Codable {
  public var specversion: String
  public var id: EventID
  public var source: String
  public var type: String
  public var subject: ThingID
  public var time: UTCTime
  public var datacontenttype: String
  public var data: String
  public var cbheader: String
  public var cbsealed: String?
  public var cbprevious: Digest32
  public var cbhash: Digest32

  public static let contentType = "application/vnd.citybeacon.event"
  public static let typePrefix = "org.citybeacon."

  init(
    specversion: String, id: EventID, source: String, type: String, subject: ThingID,
    time: UTCTime, datacontenttype: String, data: String, cbheader: String, cbsealed: String?,
    cbprevious: Digest32, cbhash: Digest32
  ) {
    self.specversion = specversion
    self.id = id
    self.source = source
    self.type = type
    self.subject = subject
    self.time = time
    self.datacontenttype = datacontenttype
    self.data = data
    self.cbheader = cbheader
    self.cbsealed = cbsealed
    self.cbprevious = cbprevious
    self.cbhash = cbhash
  }

  public init(_ event: StoredEvent) {
    specversion = "1.0"
    id = event.id
    source = "/nodes/\(event.id.node)"
    type = Self.typePrefix + event.kind
    subject = event.thing
    time = event.header.time.time
    datacontenttype = Self.contentType
    data = String(decoding: event.body, as: UTF8.self)
    cbheader = String(decoding: event.headerBytes, as: UTF8.self)
    cbsealed = event.sealed.isEmpty ? nil : String(decoding: event.sealed, as: UTF8.self)
    cbprevious = event.previous
    cbhash = event.hash
  }

  /// The event, rebuilt from the hashed bytes alone; the attributes beside them must agree.
  /// - Throws: ``Problem`` `malformed` or `corrupted`.
  public func stored() throws(Problem) -> StoredEvent {
    let headerBytes = Array(cbheader.utf8)
    let header: EventHeader
    do {
      header = try EventHeader(json: headerBytes)
    } catch {
      throw Problem(.malformed, "the header of an event cannot be read")
    }
    guard header.id == id, header.thing == subject, type == Self.typePrefix + header.kind,
      header.version > 0, header.term > 0, header.version > 1 || header.term == 1
    else { throw Problem(.corrupted, "the envelope of \(header.id) disagrees with its header") }
    let event = StoredEvent(
      header: header, headerBytes: headerBytes, body: Array(data.utf8),
      sealed: cbsealed.map { Array($0.utf8) } ?? [], previous: cbprevious, hash: cbhash)
    guard event.isIntact else {
      throw Problem(.corrupted, "the hash of \(header.id) does not follow from its bytes")
    }
    return event
  }
}

/// A personal value in the clear, inside the encrypted link only.
public struct WireSealed: Hashable, Sendable, Codable {
  public var ref: String
  public var value: String
  /// Hexadecimal.
  public var salt: String
  public init(ref: String, value: String, salt: String) {
    self.ref = ref
    self.value = value
    self.salt = salt
  }
}

/// A ``CommitMark`` with its bytes in hexadecimal.
public struct WireCommit: Hashable, Sendable, Codable {
  public var node: NodeID
  public var epoch: Epoch
  public var first: Int64
  /// 64 digits for each event.
  public var hashes: String
  public var signature: String

  public init(_ mark: CommitMark) {
    node = mark.node
    epoch = mark.epoch
    first = mark.firstSeq
    var digits: [UInt8] = []
    digits.reserveCapacity(64 * mark.hashes.count)
    for hash in mark.hashes { Hex.append(hash.bytes, to: &digits) }
    hashes = String(decoding: digits, as: UTF8.self)
    signature = Hex.string(mark.signature)
  }

  init(node: NodeID, epoch: Epoch, first: Int64, hashes: String, signature: String) {
    self.node = node
    self.epoch = epoch
    self.first = first
    self.hashes = hashes
    self.signature = signature
  }

  /// - Throws: ``Problem`` `malformed`.
  public func mark() throws(Problem) -> CommitMark {
    guard let bytes = Hex.bytes(hashes), bytes.count.isMultiple(of: 32), !bytes.isEmpty,
      let signature = Hex.bytes(signature), first > 0
    else { throw Problem(.malformed, "a commit of \(node) cannot be read") }
    let digests = stride(from: 0, to: bytes.count, by: 32).compactMap {
      Digest32(Array(bytes[$0..<$0 + 32]))
    }
    return CommitMark(
      node: node, epoch: epoch, firstSeq: first, hashes: digests, signature: signature)
  }
}
