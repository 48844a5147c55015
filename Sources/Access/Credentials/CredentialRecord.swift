public import CityCore

/// How a person proves who they are. Stored apart from ``Person``, never listed, exported or
/// journalled.
public struct CredentialRecord: Hashable, Sendable, Codable {
  public let person: PrincipalID
  public var password: PasswordHash
  public var changed: UTCTime
  /// Not nil for a one-time password: it must be changed at the first login, and is worth nothing
  /// from then on.
  public var oneTimeUntil: UTCTime?
  public var secondFactor: SecondFactor?

  /// An authenticator app.
  public struct SecondFactor: Hashable, Sendable, Codable {
    /// By ``SecretBox``, with the person's id as context.
    public var sealedSecret: String
    /// False until a first code proved that the app has the secret; not asked for until then.
    public var confirmed: Bool
    /// The step of the last accepted code.
    public var lastUsed: Int64?

    public init(sealedSecret: String, confirmed: Bool = false, lastUsed: Int64? = nil) {
      self.sealedSecret = sealedSecret
      self.confirmed = confirmed
      self.lastUsed = lastUsed
    }
  }

  public init(
    person: PrincipalID, password: PasswordHash, changed: UTCTime, oneTimeUntil: UTCTime? = nil,
    secondFactor: SecondFactor? = nil
  ) {
    self.person = person
    self.password = password
    self.changed = changed
    self.oneTimeUntil = oneTimeUntil
    self.secondFactor = secondFactor
  }

  /// A credential with a new one-time password, which is returned once and stored nowhere.
  /// - Throws: `internal` when hashing fails.
  public static func oneTime(
    for person: PrincipalID, parameters: PasswordHash.Parameters = .standard, now: UTCTime,
    random: inout some RandomSource
  ) throws(Problem) -> (record: CredentialRecord, password: String) {
    let password = OneTimePassword.make(random: &random)
    let hash = try PasswordHash(password, parameters: parameters, random: &random)
    let record = CredentialRecord(
      person: person, password: hash, changed: now, oneTimeUntil: now + OneTimePassword.lifetime)
    return (record, password)
  }

  /// The record with a password of the person's own choice. Sessions begun with the old one should
  /// be deleted in the same transaction.
  /// - Throws: `invalid` when ``PasswordRules`` refuse it, or it is the old one again.
  public func changing(
    to password: String, login: String, parameters: PasswordHash.Parameters = .standard,
    now: UTCTime, random: inout some RandomSource
  ) throws(Problem) -> CredentialRecord {
    try PasswordRules.check(password, login: login)
    guard !self.password.verify(password) else {
      throw Problem(
        .invalid, "the new password is the old one",
        faults: [.init(at: "/password", reason: "must differ from the old one")])
    }
    var copy = self
    copy.password = try PasswordHash(password, parameters: parameters, random: &random)
    copy.changed = now
    copy.oneTimeUntil = nil
    return copy
  }
}

// MARK: - Enrolling an authenticator app

extension CredentialRecord {
  /// Begins: a new secret, sealed and not yet asked for.
  /// - Returns: the record to store, and the secret to show once.
  public func enrollingSecondFactor(
    box: SecretBox, random: inout some RandomSource
  ) throws(Problem) -> (record: CredentialRecord, secret: [UInt8]) {
    let secret = TOTP.makeSecret(random: &random)
    var copy = self
    copy.secondFactor = SecondFactor(
      sealedSecret: try box.seal(secret, context: person.rawValue, random: &random))
    return (copy, secret)
  }

  /// Ends: the first right code switches it on.
  /// - Throws: `refused` when none was begun or it is on already; `invalid` for a wrong code.
  public func confirmingSecondFactor(
    code: String, box: SecretBox, now: UTCTime
  ) throws(Problem) -> CredentialRecord {
    guard var factor = secondFactor, !factor.confirmed else {
      throw Problem(.refused, "no authenticator app is being set up")
    }
    let secret = try box.open(factor.sealedSecret, context: person.rawValue)
    guard let step = TOTP.verify(code, secret: secret, lastUsed: factor.lastUsed, now: now) else {
      throw Problem(
        .invalid, "the code is wrong",
        faults: [.init(at: "/code", reason: "not the code of this moment")])
    }
    factor.confirmed = true
    factor.lastUsed = step
    var copy = self
    copy.secondFactor = factor
    return copy
  }
}
