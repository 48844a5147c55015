public import CityCore

/// Logging in, in three steps, because the middle one is slow and must not hold the writer:
/// 1. ``LoginThrottle/begin(login:address:now:)``, and look up person and credential;
/// 2. ``PasswordCheck/run()``, on a thread of its own;
/// 3. ``Login/finish(_:person:credential:attempt:box:policy:now:random:)``, and store what it says.
///
/// Only one answer tells why a login failed, that a code is needed, and that one only to who knows
/// the password.
public enum Login {
  /// What somebody typed.
  public struct Attempt: Sendable {
    public let login: String
    public let password: String
    /// The code of the authenticator app, when the form asked for it.
    public let code: String?
    /// Of the client, without port.
    public let address: String

    public init(login: String, password: String, code: String? = nil, address: String) {
      // People capitalise names; logins are lower case.
      self.login = login.lowercased()
      self.password = password
      self.code = code.flatMap { $0.isEmpty ? nil : $0 }
      self.address = address
    }
  }

  public enum Outcome: Sendable {
    /// Store the session and the credential (when there is one), call
    /// ``LoginThrottle/succeeded(login:address:now:)``, and set the cookie.
    case accepted(NewSession, CredentialRecord?)
    /// The password is right; ask for the code of the authenticator app and try again.
    case codeNeeded
    /// One answer for every reason.
    case refused(Problem)
  }

  /// Decides, after the password was checked.
  /// - Parameters:
  ///   - verdict: what the check returned.
  ///   - person: looked up by the attempt's login; nil when there is none.
  ///   - credential: the person's; read again in this transaction, so that two attempts with one
  ///     code cannot both succeed.
  ///   - box: opens the authenticator's secret.
  /// - Throws: `corrupted` when that secret does not open.
  public static func finish(
    _ verdict: PasswordCheck.Verdict, person: Person?, credential: CredentialRecord?,
    attempt: Attempt,
    box: SecretBox, policy: SessionPolicy = .standard, now: UTCTime,
    random: inout some RandomSource
  ) throws(Problem) -> Outcome {
    guard verdict.isRight, let person, let credential, person.login == attempt.login,
      credential.person == person.id, credential.password == verdict.checked, !person.disabled
    else { return .refused(wrong) }
    if let end = credential.oneTimeUntil, now >= end { return .refused(wrong) }
    var changed: CredentialRecord?
    if var factor = credential.secondFactor, factor.confirmed {
      guard let code = attempt.code else { return .codeNeeded }
      let secret = try box.open(factor.sealedSecret, context: person.id.rawValue)
      guard let step = TOTP.verify(code, secret: secret, lastUsed: factor.lastUsed, now: now)
      else { return .refused(wrong) }
      factor.lastUsed = step
      var copy = credential
      copy.secondFactor = factor
      changed = copy
    }
    let session = NewSession(
      person: person.id, passwordChangeDue: credential.oneTimeUntil != nil,
      secondFactor: changed != nil, policy: policy, now: now, random: &random)
    return .accepted(session, changed)
  }

  private static let wrong = Problem(
    .unauthenticated, "login, password or code is wrong, or the account is closed")
}

/// The slow part of logging in. Always does the work, also for a login that does not exist.
public struct PasswordCheck: Sendable {
  /// What came out.
  public struct Verdict: Sendable {
    public let isRight: Bool
    /// What it was checked against: a password changed meanwhile makes the verdict worthless.
    let checked: PasswordHash?
  }

  private let password: String
  private let hash: PasswordHash?
  private let parameters: PasswordHash.Parameters

  /// - Parameter credential: nil when there is no such person or they have no password.
  public init(
    _ attempt: Login.Attempt, credential: CredentialRecord?,
    parameters: PasswordHash.Parameters = .standard
  ) {
    password = attempt.password
    hash = credential?.password
    self.parameters = parameters
  }

  /// Does the work.
  public func run() -> Verdict {
    let isRight =
      hash?.verify(password) ?? PasswordHash.verifyNobody(password, parameters: parameters)
    return Verdict(isRight: isRight, checked: hash)
  }

  /// A new hash of the same password under today's parameters, when the stored one is of older
  /// ones. Call it after ``run()`` found the password right, on the same thread; store it after the
  /// login was accepted.
  public func rehash(random: inout some RandomSource) -> PasswordHash? {
    guard let hash, hash.needsRehash(parameters) else { return nil }
    return try? PasswordHash(password, parameters: parameters, random: &random)
  }
}
