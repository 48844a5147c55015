public import Access
public import CityCore

/// Who a request was found to come from, and by what. One object shared by all that ask, so that
/// passing it on costs one reference.
public final class Identity: Sendable {
  public enum Proof: Sendable, Hashable {
    /// A token; the id is public, the secret is not kept.
    case token(id: String)
    /// A browser's session. `csrf` is what its unsafe requests must repeat.
    case session(id: String, csrf: String)
    /// The principal that a loopback listener is bound to.
    case listener
  }

  public let principal: Principal
  public let proof: Proof
  /// When the credential ends by itself.
  public let expires: UTCTime?
  /// The person's own setting.
  public let language: Language?

  public init(
    principal: Principal, proof: Proof, expires: UTCTime? = nil, language: Language? = nil
  ) {
    self.principal = principal
    self.proof = proof
    self.expires = expires
    self.language = language
  }

  /// Whether some role in force has the permission somewhere and the credential's scopes leave it
  /// in. Says nothing of any particular thing.
  public func mayTry(_ permission: Permission, now: UTCTime) -> Bool {
    if principal.passwordChangeDue { return false }
    if let scopes = principal.scopes, !scopes.contains(permission) { return false }
    return principal.grants.contains {
      PermissionTable.allows($0.role, permission) && $0.isInForce(at: now)
    }
  }

  /// Why ``mayTry(_:now:)`` is false, in the words that `AccessPolicy` uses.
  func hindrance(_ permission: Permission, now: UTCTime) -> Problem? {
    if mayTry(permission, now: now) { return nil }
    let denial: Denial =
      if principal.passwordChangeDue {
        .passwordChangeDue
      } else if let scopes = principal.scopes, !scopes.contains(permission) {
        .scope
      } else if principal.grants.contains(where: { PermissionTable.allows($0.role, permission) }) {
        .time
      } else {
        .role
      }
    return denial.problem()
  }
}

/// What a request shows to prove who it comes from.
public enum Credential: Sendable, Hashable {
  /// After `Authorization: Bearer `.
  case bearer(String)
  /// The value of the session cookie.
  case session(String)
}

/// Finds out who a credential belongs to. Written where people and tokens are known.
public protocol Authenticator: Sendable {
  /// Answers at once from memory; nil when it has to look further. Called for every request, so a
  /// revoked credential must be forgotten before the revocation is acknowledged.
  func recall(_ credential: Credential, now: UTCTime) -> Identity?

  /// - Throws: `unauthenticated` when the credential is unknown, expired or revoked.
  func authenticate(_ credential: Credential, now: UTCTime) async throws -> Identity
}
