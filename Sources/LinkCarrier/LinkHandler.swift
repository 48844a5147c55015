public import CityCore

/// One message of the link protocol. This target does not look inside.
public enum LinkFrame: Hashable, Sendable {
  /// UTF-8; the carrier has checked that of what it delivers.
  case text([UInt8])
  case binary([UInt8])

  /// Bytes of the payload.
  public var count: Int {
    switch self {
    case .text(let bytes), .binary(let bytes): bytes.count
    }
  }
}

/// Why a connection ended.
public struct LinkCloseReason: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: String, Sendable, CaseIterable {
    /// Our side is going down or no longer wants the link.
    case shutdown
    /// The peer's certificate no longer counts.
    case revoked
    /// The other end said goodbye.
    case remote
    /// Nothing was heard for too long.
    case silent
    /// The other end does not read what we send.
    case slowReader
    /// A message above the limit.
    case oversized
    /// Not a WebSocket, not UTF-8, not masked as it should be.
    case protocolViolation
    /// The link protocol above found something it cannot go on with.
    case refused
    /// The connection broke.
    case transport
  }
  public let kind: Kind
  /// For people and logs; sent to the other end, cut to 120 bytes.
  public let detail: String

  public init(_ kind: Kind, _ detail: String = "") {
    self.kind = kind
    self.detail = detail
  }

  /// The close code of RFC 6455 section 7.4.1.
  var code: UInt16 {
    switch kind {
    case .shutdown: 1001
    case .protocolViolation: 1002
    case .revoked, .slowReader, .refused: 1008
    case .oversized: 1009
    case .remote, .silent, .transport: 1000
    }
  }

  public var description: String { detail.isEmpty ? kind.rawValue : "\(kind.rawValue): \(detail)" }
}

/// What the carrier tells of its connections.
///
/// Everything but ``unreachable(_:_:)`` is called on the connection's event loop, one call after the
/// other for one connection: `opened`, then any number of `received` and `writable`, then `closed`,
/// once. Implementations are quick and never wait; they put what they got into a queue.
public protocol LinkHandler: Sendable {
  /// Asked at the handshake, with a certificate that TLS has verified.
  /// - Returns: The reason to refuse the peer, such as its revocation; nil to admit it.
  func admits(_ peer: PeerIdentity) -> Problem?

  func opened(_ connection: LinkConnection)

  /// - Parameter frames: What one read brought, in order; never empty.
  func received(_ connection: LinkConnection, _ frames: [LinkFrame])

  /// The connection was not ``LinkConnection/isWritable`` and is again.
  func writable(_ connection: LinkConnection)

  func closed(_ connection: LinkConnection, _ reason: LinkCloseReason)

  /// A dialler's attempt to reach a node failed; it tries again by itself.
  func unreachable(_ node: NodeID, _ problem: Problem)
}

extension LinkHandler {
  public func writable(_ connection: LinkConnection) {}
  public func unreachable(_ node: NodeID, _ problem: Problem) {}
}

/// A node that holds an invitation and asks to become a child.
public struct JoinRequest: Sendable {
  /// SHA-256 of the secret it showed; what the parent stored of the invitation.
  public let invitation: Digest32
  /// The same for every repetition of one join: the answer is then the same as well.
  public let key: String
  /// PKCS #10, PEM.
  public let csrPEM: String
  /// What it says of itself: one JSON value.
  public let node: [UInt8]
  /// Where it came from, without the port.
  public let address: String
}

/// The answer to a ``JoinRequest``.
public struct JoinGrant: Hashable, Sendable {
  /// The leaf, then the authority, PEM.
  public let chainPEM: String
  /// What the parent says of itself: one JSON value.
  public let node: [UInt8]
  public init(chainPEM: String, node: [UInt8] = Array("{}".utf8)) {
    self.chainPEM = chainPEM
    self.node = node
  }
}

/// Lets nodes in. Called off the event loops; what is granted must be committed before returning,
/// the consumption of the invitation and the certificate in one transaction.
public protocol LinkAdmission: Sendable {
  /// - Throws: `link-refused` for an unknown, used or expired invitation.
  func join(_ request: JoinRequest) async throws(Problem) -> JoinGrant

  /// A peer that TLS has verified and ``LinkHandler/admits(_:)`` let through wants its next
  /// certificate.
  /// - Returns: The leaf, then the authority, PEM.
  func renew(_ peer: PeerIdentity, csrPEM: String) async throws(Problem) -> String
}
