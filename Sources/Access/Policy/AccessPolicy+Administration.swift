public import CityCore

extension AccessPolicy {
  /// May the principal give or take this grant?
  ///
  /// It needs ``Permission/manageUsers`` over the grant's jurisdiction and organisation. It does not
  /// need the role itself: an administrator appoints a commander without being one. For the same
  /// reason nobody gives a grant to themselves.
  public func decideGranting(
    _ grant: Grant, to person: PrincipalID, by principal: Principal, now: UTCTime
  ) -> Decision {
    guard principal.id != person else { return .denied(.ownGrant) }
    return decide(
      principal, .manageUsers,
      Resource(jurisdiction: grant.jurisdiction, organisation: unit(grant.organisation)), now: now)
  }

  /// May the principal issue, change or revoke this token? It needs ``Permission/manageTokens``
  /// over the token itself and over each of its grants.
  public func decideManaging(
    _ token: TokenRecord, by principal: Principal, now: UTCTime
  ) -> Decision {
    var decision = decide(principal, .manageTokens, token.resource, now: now)
    for grant in token.grants where decision.isAllowed {
      decision = decide(
        principal, .manageTokens,
        Resource(jurisdiction: grant.jurisdiction, organisation: unit(grant.organisation)),
        now: now)
    }
    return decision
  }

  /// The organisation as resources name it: the house is the node as a whole.
  public func unit(_ organisation: PrincipalID) -> PrincipalID? {
    organisations.isHouse(organisation) ? nil : organisation
  }
}
