public import Access
public import CityCore
import Journal

extension CityNode {
  /// The organisations that the asker may see, in order of id. They are few.
  public func organisations(by principal: Principal) throws(Problem) -> [Organisation] {
    let scope = scope(principal, .readOrganisations)
    guard !scope.isEmpty else { throw Problem(.forbidden, Denial.role.explanation) }
    return access.policy.organisations.all.filter { scope.admits($0.resource) }
  }

  /// - Throws: ``Problem`` `notFound`.
  public func organisation(
    _ id: PrincipalID, by principal: Principal
  ) throws(Problem) -> Organisation {
    guard let organisation = access.policy.organisations[id] else {
      throw Problem(.notFound, "there is no such thing, or it is not yours to see")
    }
    try authorise(principal, .readOrganisations, organisation.resource, hiding: true)
    return organisation
  }

  /// Adds an organisation.
  /// - Parameter id: nil to be given one.
  /// - Throws: ``Problem`` `forbidden`, `invalid`, `duplicate`.
  public func addOrganisation(
    id: PrincipalID? = nil, name: Label, kind: Organisation.Kind, jurisdiction: AdminCode,
    parent: PrincipalID?, node: NodeID? = nil, by principal: Principal
  ) async throws -> Organisation {
    var random = SystemRandom()
    let organisation = Organisation(
      id: try id ?? CommandCore.newPrincipal("org", now: clock.now(), random: &random), name: name,
      kind: kind, jurisdiction: jurisdiction, parent: parent, node: node)
    let actor = try authorise(principal, .manageOrganisations, organisation.resource)
    let home = identity.organisation
    try await engine.perform { core, now, store, outcome in
      guard try !store.organisations().contains(where: { $0.id == organisation.id }) else {
        throw Problem(.duplicate, "there is an organisation \(organisation.id) already")
      }
      try core.putOrganisation(
        organisation, home: home, by: actor, now: now, store: store, outcome: &outcome)
    }
    return organisation
  }

  /// Changes an organisation: everything but its id.
  /// - Throws: ``Problem`` `forbidden`, `notFound`, `invalid`; `refused` for disabling the node's own.
  public func changeOrganisation(
    _ organisation: Organisation, by principal: Principal
  ) async throws -> Organisation {
    let known = try self.organisation(organisation.id, by: principal)
    try authorise(principal, .manageOrganisations, known.resource)
    let actor = try authorise(principal, .manageOrganisations, organisation.resource)
    let home = identity.organisation
    try await engine.perform { core, now, store, outcome in
      try core.putOrganisation(
        organisation, home: home, by: actor, now: now, store: store, outcome: &outcome)
    }
    return organisation
  }

  /// - Throws: ``Problem`` `refused` while something belongs to it, or it is the node's own.
  public func deleteOrganisation(_ id: PrincipalID, by principal: Principal) async throws {
    let known = try organisation(id, by: principal)
    let actor = try authorise(principal, .manageOrganisations, known.resource)
    guard id != identity.organisation else {
      throw Problem(.refused, "the node's own organisation cannot be deleted")
    }
    try await engine.perform { core, now, store, outcome in
      guard try outcome.deleteOrganisation(id, store) else {
        throw Problem(.notFound, "there is no organisation \(id)")
      }
      try core.audit(
        "organisation.deleted", OrganisationNote(organisation: id), by: actor, now: now,
        store: store, outcome: &outcome)
    }
  }
}
