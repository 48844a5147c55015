public import Access

/// Who may call a route at all. What they may do with the particular thing is decided where the
/// thing is known, by `AccessPolicy`.
public enum RouteAccess: Sendable, Hashable, CustomStringConvertible {
  /// Anybody, without a credential. The list of these routes is pinned by a test.
  case `public`
  /// Whoever has a valid credential, even a session that still has to change its one-time password.
  case authenticated
  /// Whoever holds this permission somewhere.
  case permission(Permission)

  public var description: String {
    switch self {
    case .public: "public"
    case .authenticated: "authenticated"
    case .permission(let permission): permission.rawValue
    }
  }
}
