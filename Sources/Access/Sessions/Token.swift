public import CityCore
import Crypto

/// Whose token it is. The raw value stands in the token's text.
public enum TokenKind: String, Codable, Sendable, CaseIterable {
  /// A person's own, for scripts; may at most what the person may.
  case person = "usr"
  case program = "app"
  case device = "dev"
  case node = "nod"

  var principalKind: Principal.Kind {
    switch self {
    case .person: .person
    case .program: .program
    case .device: .device
    case .node: .node
    }
  }
}

/// A bearer token as a client sends it: `cb_<kind>_<id>_<secret>`, the id being what stands after
/// `tok_` and the secret 64 hexadecimal digits. The prefix lets scanners of leaked secrets find it.
public struct TokenText: Hashable, Sendable {
  public let kind: TokenKind
  public let id: ThingID
  private let secret: [UInt8]

  init(kind: TokenKind, id: ThingID, secret: [UInt8]) {
    self.kind = kind
    self.id = id
    self.secret = secret
  }

  /// Nil unless it has that form.
  public init?(_ text: some StringProtocol) {
    guard text.utf8.count <= 160 else { return nil }
    let parts = text.split(separator: "_", omittingEmptySubsequences: false)
    guard parts.count == 4, parts[0] == "cb", let kind = TokenKind(rawValue: String(parts[1])),
      let id = ThingID(kind: "tok", key: String(parts[2])), parts[3].utf8.count == 64,
      let secret = Hex.bytes(parts[3])
    else { return nil }
    self.init(kind: kind, id: id, secret: secret)
  }

  /// The whole text, to be shown once.
  public var text: String {
    "cb_\(kind.rawValue)_\(id.rawValue.dropFirst(4))_\(Hex.string(secret))"
  }

  /// What is stored of the secret. It has 256 random bits, so one round of SHA-256 is enough.
  var hash: [UInt8] { Array(SHA256.hash(data: secret)) }
}

/// A token as it is stored.
public struct TokenRecord: Hashable, Sendable, Codable {
  public let id: ThingID
  public let kind: TokenKind
  /// Who acts when it is used.
  public let principal: PrincipalID
  /// What people call it.
  public var name: String
  public let secretHash: Digest32
  /// The most it may do; the grants may allow less.
  public var scopes: [Permission]
  /// Empty for ``TokenKind/person``, whose person's own grants count.
  public var grants: [Grant]
  /// Reaches no further than this.
  public var jurisdiction: AdminCode
  /// The organisation it belongs to.
  public var organisation: PrincipalID
  /// Not nil: only for these devices.
  public var devices: [PrincipalID]?
  public let created: UTCTime
  public let createdBy: PrincipalID
  /// Good until just before; nil for ever, which only devices may have.
  public var expires: UTCTime?
  public var revoked: UTCTime?
  /// To within ``SessionRecord/touchInterval``.
  public var lastUsed: UTCTime?

  /// What deciding about this record is deciding about.
  public var resource: Resource {
    Resource(
      jurisdiction: jurisdiction, organisation: organisation, dataClass: .work, owner: principal)
  }

  /// Checks what a client sent against this record.
  /// - Throws: `unauthenticated`. That it is expired or revoked is told only to who has the secret.
  public func verify(_ presented: TokenText, now: UTCTime) throws(Problem) {
    guard ConstantTime.equal(presented.hash, secretHash.bytes), presented.kind == kind,
      presented.id == id
    else { throw Problem(.unauthenticated, Self.unknown) }
    if revoked != nil { throw Problem(.unauthenticated, "the token was revoked") }
    if let expires, now >= expires { throw Problem(.unauthenticated, "the token has expired") }
  }

  static let unknown = "the token is not one of this node's"

  /// Finds and checks the token that a client sent.
  /// - Parameter find: looks a record up by its id.
  /// - Throws: `unauthenticated` for anything but a good token of this node; what `find` throws.
  public static func authenticate(
    _ text: some StringProtocol, now: UTCTime,
    find: (ThingID) throws(Problem) -> TokenRecord?
  ) throws(Problem) -> TokenRecord {
    guard let presented = TokenText(text), let record = try find(presented.id) else {
      throw Problem(.unauthenticated, unknown)
    }
    try record.verify(presented, now: now)
    return record
  }

  /// The record to store after a use, or nil when the stored one is fresh enough.
  public func touched(at now: UTCTime) -> TokenRecord? {
    if let lastUsed, now - lastUsed < SessionRecord.touchInterval { return nil }
    var copy = self
    copy.lastUsed = now
    return copy
  }
}
