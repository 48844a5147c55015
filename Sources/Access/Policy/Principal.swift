public import CityCore

/// Who asks, after the credential was verified: a person in a session, a program with a token, a
/// device or a neighbouring node. Its grants are those of the moment it was made; make it anew for
/// every request, so that a revocation acts at once.
public struct Principal: Hashable, Sendable {
  public enum Kind: String, Codable, Sendable, CaseIterable {
    case person, program, device, node
  }

  public let kind: Kind
  public let id: PrincipalID
  public var grants: [Grant]
  /// When not nil, only these permissions of the grants count: the scopes of a token.
  public var scopes: [Permission]?
  /// When not nil, the grants reach no further than this.
  public var jurisdiction: AdminCode?
  /// When not nil, only resources of these owners: the devices that a token is bound to. Sorted.
  public var owners: [PrincipalID]?
  /// A session that began with a one-time password permits nothing until the password is changed.
  public var passwordChangeDue: Bool

  public init(
    kind: Kind, id: PrincipalID, grants: [Grant], scopes: [Permission]? = nil,
    jurisdiction: AdminCode? = nil, owners: [PrincipalID]? = nil, passwordChangeDue: Bool = false
  ) {
    self.kind = kind
    self.id = id
    self.grants = grants
    self.scopes = scopes
    self.jurisdiction = jurisdiction
    self.owners = owners?.sorted()
    self.passwordChangeDue = passwordChangeDue
  }

  /// A person in a session. A disabled person has no grants.
  public init(person: Person, session: SessionRecord) {
    self.init(
      kind: .person, id: person.id, grants: person.disabled ? [] : person.grants,
      passwordChangeDue: session.passwordChangeDue)
  }

  /// The holder of a verified token.
  /// - Parameter holder: the person whose token it is; needed for tokens of kind
  ///   ``TokenKind/person``, which carry no grants of their own.
  public init(token: TokenRecord, holder: Person? = nil) {
    let grants: [Grant]
    switch token.kind {
    case .person:
      // A token never outlives what its person may do: the grants are looked up each time.
      grants = holder.flatMap { $0.id == token.principal && !$0.disabled ? $0.grants : nil } ?? []
    case .program, .device, .node: grants = token.grants
    }
    self.init(
      kind: token.kind.principalKind, id: token.principal, grants: grants, scopes: token.scopes,
      jurisdiction: token.jurisdiction, owners: token.devices)
  }

  /// A neighbour that proved itself by its certificate.
  /// - Parameters:
  ///   - jurisdiction: what the neighbour answers for.
  ///   - organisation: the local organisation that it stands for, or the node's own.
  public init(
    neighbour id: PrincipalID, jurisdiction: AdminCode, organisation: PrincipalID
  ) {
    self.init(
      kind: .node, id: id,
      grants: [Grant(role: .node, organisation: organisation, jurisdiction: jurisdiction)])
  }

  /// The next moment at which a grant begins or ends, after which scopes must be made anew. Nil
  /// when time alone changes nothing.
  public func nextChange(after now: UTCTime) -> UTCTime? {
    grants.flatMap { [$0.notBefore, $0.expires].compactMap(\.self) }.filter { $0 > now }.min()
  }
}
