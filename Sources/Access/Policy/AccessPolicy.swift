public import CityCore

/// Decides every permission of a node: API, pages, events, files, tiles and links ask here and
/// nowhere else. A permission is role × organisation × jurisdiction × data class.
///
/// How organisations limit a grant:
/// - held in the node's own organisation or a government (`OrganisationTree.house`): what belongs
///   to the node as a whole; and, for the roles that ``Role/spansUnits``, what belongs to any unit;
/// - held in a department or unit: what belongs to it and its parts; and of the node as a whole
///   only what is of class `open`.
public struct AccessPolicy: Sendable {
  public let organisations: OrganisationTree

  public init(organisations: OrganisationTree) { self.organisations = organisations }

  /// May the principal do this to this, now?
  public func decide(
    _ principal: Principal, _ permission: Permission, _ resource: Resource, now: UTCTime
  ) -> Decision {
    if let denial = hindrance(principal, permission) { return .denied(denial) }
    if let limit = principal.jurisdiction, !limit.covers(resource.jurisdiction) {
      return .denied(closest(principal, permission, now: now) ?? .jurisdiction)
    }
    if let owners = principal.owners {
      guard let owner = resource.owner, owners.contains(sorted: owner) else {
        return .denied(closest(principal, permission, now: now) ?? .owner)
      }
    }
    var nearest = Denial.role
    for grant in principal.grants {
      guard let denial = self.denial(grant, permission, resource, now: now) else {
        return .allowed(by: grant)
      }
      if denial.progress > nearest.progress { nearest = denial }
    }
    return .denied(nearest)
  }

  /// Everything that the principal may reach with the permission, now. Valid until
  /// ``Principal/nextChange(after:)`` or until grants, tokens or organisations change.
  public func visibleScope(
    _ principal: Principal, _ permission: Permission, now: UTCTime
  ) -> Scope {
    guard hindrance(principal, permission) == nil else { return .nothing }
    var regions: [Scope.Region] = []
    for grant in principal.grants where isUsable(grant, permission, now: now) {
      guard let ground = Self.common(grant.jurisdiction, principal.jurisdiction) else { continue }
      regions += self.regions(of: grant, on: ground)
    }
    return Scope(regions: regions, owners: principal.owners)
  }

  /// True when the principal has the permission somewhere: for menus and buttons. What it is good
  /// for there, ``decide(_:_:_:now:)`` says.
  public func has(_ principal: Principal, _ permission: Permission, now: UTCTime) -> Bool {
    guard hindrance(principal, permission) == nil, principal.owners?.isEmpty != true else {
      return false
    }
    return principal.grants.contains {
      isUsable($0, permission, now: now)
        && Self.common($0.jurisdiction, principal.jurisdiction) != nil
    }
  }

  // MARK: - One grant

  /// What keeps one grant from permitting it; nil when it does.
  private func denial(
    _ grant: Grant, _ permission: Permission, _ resource: Resource, now: UTCTime
  ) -> Denial? {
    guard PermissionTable.allows(grant.role, permission) else { return .role }
    guard grant.isInForce(at: now) else { return .time }
    guard isKnown(grant.organisation) else { return .unknownOrganisation }
    guard grant.jurisdiction.covers(resource.jurisdiction) else { return .jurisdiction }
    let reach = reach(of: grant)
    let sameOrganisation = reach.contains { $0.admits(resource.organisation) }
    let isPublic = resource.organisation == nil && resource.dataClass == .open
    guard sameOrganisation || isPublic else { return .organisation }
    guard resource.dataClass <= grant.effectiveDataClass else { return .dataClass }
    return nil
  }

  private func regions(of grant: Grant, on ground: AdminCode) -> [Scope.Region] {
    let within = reach(of: grant).map {
      Scope.Region(
        jurisdiction: ground, organisation: $0, maximumDataClass: grant.effectiveDataClass)
    }
    // What may be published and belongs to no unit is kept from nobody who has the permission.
    return within
      + [Scope.Region(jurisdiction: ground, organisation: .none, maximumDataClass: .open)]
  }

  private func reach(of grant: Grant) -> [Scope.OrganisationReach] {
    guard organisations.isHouse(grant.organisation) else {
      return organisations.subtree(of: grant.organisation).map { .one($0) }
    }
    return grant.role.spansUnits ? [.any] : [.none] + organisations.house.map { .one($0) }
  }

  private func isUsable(_ grant: Grant, _ permission: Permission, now: UTCTime) -> Bool {
    PermissionTable.allows(grant.role, permission) && grant.isInForce(at: now)
      && isKnown(grant.organisation)
  }

  private func isKnown(_ organisation: PrincipalID) -> Bool {
    organisations[organisation].map { !$0.disabled } ?? false
  }

  // MARK: - The principal as a whole

  private func hindrance(_ principal: Principal, _ permission: Permission) -> Denial? {
    if principal.passwordChangeDue { return .passwordChangeDue }
    if let scopes = principal.scopes, !scopes.contains(permission) { return .scope }
    return nil
  }

  /// Why no grant could permit it anywhere; nil when one could somewhere. Keeps a denial about a
  /// place or an owner from telling more than one about the role.
  private func closest(
    _ principal: Principal, _ permission: Permission, now: UTCTime
  ) -> Denial? {
    if principal.grants.contains(where: { isUsable($0, permission, now: now) }) { return nil }
    let named = principal.grants.filter { PermissionTable.allows($0.role, permission) }
    guard !named.isEmpty else { return .role }
    return named.contains { $0.isInForce(at: now) } ? .unknownOrganisation : .time
  }

  /// The ground that both cover; nil when they lie apart.
  private static func common(_ code: AdminCode, _ limit: AdminCode?) -> AdminCode? {
    guard let limit else { return code }
    if code.covers(limit) { return limit }
    return limit.covers(code) ? code : nil
  }
}

extension Denial {
  /// How far a grant came before it failed.
  fileprivate var progress: Int {
    switch self {
    case .passwordChangeDue, .scope, .role, .ownGrant: 0
    case .time: 1
    case .unknownOrganisation: 2
    case .jurisdiction, .owner: 3
    case .organisation: 4
    case .dataClass: 5
    }
  }
}
