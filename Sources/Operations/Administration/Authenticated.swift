public import Access
public import CityCore

/// Who a request comes from, after its credential was verified.
public struct Authenticated: Sendable {
  public enum Credential: Hashable, Sendable {
    case token(ThingID)
    case session(Digest32)

    /// Public: names the credential in lists and revocations, and is good for nothing else.
    public var id: String {
      switch self {
      case .token(let id): id.rawValue
      case .session(let id): id.description
      }
    }
  }

  public let principal: Principal
  public let credential: Credential
  /// The human being behind it; nil for tokens of programs, devices and nodes.
  public let person: Person?
  /// As it was when it was opened or stored last; nil for tokens.
  public let session: SessionRecord?
  /// When the credential ends in any case; nil for never.
  public let expires: UTCTime?
  /// For the form token, only while the request lasts.
  var secret: SessionSecret?

  /// What unsafe requests of a browser must repeat; nil for tokens, which no browser sends by
  /// itself.
  public var csrf: String? { secret?.csrfToken }

  init(person: Person, session: SessionRecord) {
    principal = Principal(person: person, session: session)
    credential = .session(session.id)
    self.person = person
    self.session = session
    expires = session.expires
  }

  init(token: TokenRecord, holder: Person?) {
    principal = Principal(token: token, holder: holder)
    credential = .token(token.id)
    person = holder
    session = nil
    expires = token.expires
  }

  /// In constant time. True for tokens, which need none.
  public func acceptsCSRF(_ token: String?) -> Bool {
    guard session != nil else { return true }
    guard let secret, let token else { return false }
    return secret.acceptsCSRF(token)
  }
}

/// What a node goes by when people log in.
public struct AccessSettings: Sendable {
  public var sessions: SessionPolicy
  public var passwords: PasswordHash.Parameters
  /// Opens the secrets of authenticator apps; nil where no person logs in.
  public var box: SecretBox?
  /// Passwords that are checked at once; each takes ``PasswordHash/Parameters/memory`` bytes.
  public var passwordChecks: Int

  public init(
    sessions: SessionPolicy = .standard, passwords: PasswordHash.Parameters = .standard,
    box: SecretBox? = nil, passwordChecks: Int = 2
  ) {
    self.sessions = sessions
    self.passwords = passwords
    self.box = box
    self.passwordChecks = max(1, passwordChecks)
  }
}
