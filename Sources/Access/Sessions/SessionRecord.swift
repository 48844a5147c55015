public import CityCore
import Crypto

/// How long sessions last.
public struct SessionPolicy: Hashable, Sendable {
  /// Without a request for so long, a session ends.
  public let idle: Duration64
  /// In any case a session ends after so long.
  public let absolute: Duration64

  public init(idle: Duration64, absolute: Duration64) {
    self.idle = idle
    self.absolute = absolute
  }

  /// Two hours without a request; thirteen hours, a shift of twelve and its handover.
  public static let standard = SessionPolicy(idle: .hours(2), absolute: .hours(13))
}

/// The secret in the session cookie: 256 random bits, 64 hexadecimal digits. Stored nowhere; the
/// record is found by its hash.
public struct SessionSecret: Hashable, Sendable {
  private let bytes: [UInt8]

  public init(random: inout some RandomSource) { bytes = random.bytes(32) }

  /// Nil unless it is 64 hexadecimal digits.
  public init?(_ cookie: some StringProtocol) {
    guard cookie.utf8.count == 64, let bytes = Hex.bytes(cookie) else { return nil }
    self.bytes = bytes
  }

  /// What the cookie carries.
  public var cookie: String { Hex.string(bytes) }

  /// The key that the record is stored under. A hash of 256 random bits needs no salt, and a look-up
  /// by it tells a guesser nothing.
  public var id: Digest32 {
    Digest32(Array(SHA256.hash(data: bytes))) ?? .zero
  }

  /// What a form sends back to prove that it came from a page of this session. It is derived, so
  /// nothing more is stored, and says nothing of the cookie.
  public var csrfToken: String {
    let mac = HMAC<SHA256>.authenticationCode(
      for: Array("citybeacon/csrf/1".utf8), using: SymmetricKey(data: bytes))
    return Hex.string(mac)
  }

  /// In constant time.
  public func acceptsCSRF(_ token: String) -> Bool {
    ConstantTime.equal(Array(token.utf8), Array(csrfToken.utf8))
  }
}

/// A session as it is stored.
public struct SessionRecord: Hashable, Sendable, Codable {
  /// ``SessionSecret/id``.
  public let id: Digest32
  public let person: PrincipalID
  public let created: UTCTime
  public var lastSeen: UTCTime
  /// When it ends in any case.
  public let expires: UTCTime
  /// When it ends unless there is a request before: `lastSeen` plus this.
  public let idle: Duration64
  /// Begun with a one-time password: good for changing it and nothing else.
  public var passwordChangeDue: Bool
  /// True when a code of an authenticator app was given.
  public let secondFactor: Bool

  public init(
    id: Digest32, person: PrincipalID, created: UTCTime, lastSeen: UTCTime, expires: UTCTime,
    idle: Duration64, passwordChangeDue: Bool = false, secondFactor: Bool = false
  ) {
    self.id = id
    self.person = person
    self.created = created
    self.lastSeen = lastSeen
    self.expires = expires
    self.idle = idle
    self.passwordChangeDue = passwordChangeDue
    self.secondFactor = secondFactor
  }

  /// Requests closer together than this do not change the record: reading must not cost a write.
  public static let touchInterval = Duration64.minutes(1)

  /// When it ends if no further request comes.
  public var ends: UTCTime { min(expires, lastSeen + idle) }

  public func isValid(at now: UTCTime) -> Bool { now < ends }

  /// - Throws: `unauthenticated` when it has ended.
  public func check(now: UTCTime) throws(Problem) {
    guard isValid(at: now) else {
      throw Problem(.unauthenticated, "the session has ended; log in again")
    }
  }

  /// The record to store after a request, or nil when the stored one is fresh enough.
  public func touched(at now: UTCTime) -> SessionRecord? {
    guard now - lastSeen >= Self.touchInterval else { return nil }
    var copy = self
    copy.lastSeen = now
    return copy
  }
}

/// A session that has just begun: the record for the store and the secret for the cookie.
public struct NewSession: Sendable {
  public let secret: SessionSecret
  public let record: SessionRecord

  public init(
    person: PrincipalID, passwordChangeDue: Bool = false, secondFactor: Bool = false,
    policy: SessionPolicy = .standard, now: UTCTime, random: inout some RandomSource
  ) {
    secret = SessionSecret(random: &random)
    record = SessionRecord(
      id: secret.id, person: person, created: now, lastSeen: now, expires: now + policy.absolute,
      idle: policy.idle, passwordChangeDue: passwordChangeDue, secondFactor: secondFactor)
  }
}
