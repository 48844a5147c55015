public import CityCore

/// What ``AccessPolicy`` decided.
public enum Decision: Hashable, Sendable {
  /// The first grant, in the principal's order, that permits it.
  case allowed(by: Grant)
  case denied(Denial)

  public var isAllowed: Bool {
    if case .allowed = self { return true }
    return false
  }

  /// The permitting grant, or a `Problem`.
  /// - Parameter hiding: true where even the existence of the resource is none of the asker's
  ///   business: what lies out of their reach is then `not-found`, not `forbidden`.
  /// - Throws: `forbidden` or `not-found`.
  @discardableResult
  public func require(hiding: Bool = false) throws(Problem) -> Grant {
    switch self {
    case .allowed(let grant): return grant
    case .denied(let denial): throw denial.problem(hiding: hiding)
    }
  }

  /// The actor that an event records: the principal, in the role and for the organisation that
  /// permitted the deed. Nil when it was denied.
  public func actor(_ principal: Principal, at node: NodeID) -> Actor? {
    guard case .allowed(let grant) = self else { return nil }
    let kind: Actor.Kind =
      switch principal.kind {
      case .person: .person
      case .program: .program
      case .device: .device
      case .node: .node
      }
    return Actor(
      kind: kind, id: principal.id, node: node, role: grant.role.rawValue,
      organisation: grant.organisation)
  }
}

/// Why something is not permitted: the hindrance of the grant that came closest.
public enum Denial: String, Hashable, Sendable, Codable, CaseIterable {
  /// The one-time password has not been changed yet.
  case passwordChangeDue = "password-change-due"
  /// The token's scopes leave this out.
  case scope
  /// No role of the principal has this permission.
  case role
  /// The grant has not begun, or has ended.
  case time
  /// The grant's organisation is unknown or disabled.
  case unknownOrganisation = "unknown-organisation"
  case jurisdiction
  /// It belongs to an organisation that the principal does not act for.
  case organisation
  case dataClass = "data-class"
  /// The token is bound to other devices.
  case owner
  /// Nobody gives roles to themselves.
  case ownGrant = "own-grant"

  /// One sentence for a person.
  public var explanation: String {
    switch self {
    case .passwordChangeDue: "the one-time password must be changed first"
    case .scope: "the token's scopes leave this out"
    case .role: "no role of yours includes it"
    case .time: "the role that includes it is not in force now"
    case .unknownOrganisation: "the organisation that the role is held in does not exist any more"
    case .jurisdiction: "it lies outside your jurisdiction"
    case .organisation: "it belongs to another organisation"
    case .dataClass: "its data class is above yours"
    case .owner: "the token is bound to other devices"
    case .ownGrant: "nobody gives roles to themselves"
    }
  }

  /// True when the resource lies out of reach, rather than the verb.
  public var isOutOfReach: Bool {
    switch self {
    case .jurisdiction, .organisation, .dataClass, .owner: true
    case .passwordChangeDue, .scope, .role, .time, .unknownOrganisation, .ownGrant: false
    }
  }

  public func problem(hiding: Bool = false) -> Problem {
    hiding && isOutOfReach
      ? Problem(.notFound, "there is no such thing, or it is not yours to see")
      : Problem(.forbidden, explanation)
  }
}
