public import Access
public import CityCore
public import Journal
public import Operations
public import Web

// People, policy, privacy and duty, as the API asks for them.

extension CityPorts: AccountsPort {
  private func asker(_ credential: Credential) throws(Problem) -> Authenticated {
    switch credential {
    case .bearer(let token): try city.authenticate(bearer: token)
    case .session(let cookie): try city.authenticate(cookie: cookie)
    }
  }

  public func login(_ attempt: Login.Attempt) async throws -> LoginResult {
    switch try await city.login(attempt) {
    case .opened(let opened): .accepted(opened.session)
    case .codeNeeded: .codeNeeded
    }
  }

  public func logout(_ credential: Credential) async throws {
    try await city.logout(try asker(credential))
  }

  public func account(_ credential: Credential) async throws -> OwnAccount {
    city.account(try asker(credential))
  }

  public func setLanguage(_ language: Language, _ credential: Credential) async throws {
    try await city.setLanguage(language, of: try asker(credential))
  }

  public func changePassword(
    _ credential: Credential, from old: String, to new: String, address: String
  ) async throws {
    try await city.changePassword(
      from: old, to: new, by: try asker(credential), address: address)
  }

  public func beginSecondFactor(
    _ credential: Credential
  ) async throws -> (uri: String, text: String) {
    let secret = try await city.beginSecondFactor(try asker(credential))
    return (secret.uri, secret.text)
  }

  public func confirmSecondFactor(_ credential: Credential, code: String) async throws {
    try await city.confirmSecondFactor(code: code, by: try asker(credential))
  }

  public func removeSecondFactor(
    _ credential: Credential, password: String, address: String
  ) async throws {
    try await city.removeSecondFactor(
      password: password, by: try asker(credential), address: address)
  }
}

extension CityPorts: PeoplePort {
  public func people(
    _ page: PageRequest, organisation: PrincipalID?, by principal: Principal
  ) async throws -> Page<PersonView> {
    try city.people(page, organisation: organisation, by: principal)
  }

  public func person(_ id: PrincipalID, by principal: Principal) async throws -> PersonView {
    try city.person(id, by: principal)
  }

  public func unmaskPerson(
    _ id: PrincipalID, reason: String, by principal: Principal
  ) async throws -> PersonView {
    try await city.unmaskPerson(id, reason: reason, by: principal)
  }

  public func addPerson(
    _ person: NewPerson, by principal: Principal
  ) async throws -> FirstPassword {
    try await city.addPerson(person, by: principal)
  }

  public func importPeople(
    _ table: [UInt8], dryRun: Bool, by principal: Principal
  ) async throws -> [FirstPassword] {
    try await city.importPeople(table, dryRun: dryRun, by: principal)
  }

  public func changePerson(
    _ id: PrincipalID, _ change: PersonChange, by principal: Principal
  ) async throws -> PersonView {
    try await city.changePerson(id, change, by: principal)
  }

  public func resetCredential(
    _ id: PrincipalID, by principal: Principal
  ) async throws -> FirstPassword {
    try await city.resetCredential(id, by: principal)
  }

  public func endSessions(of id: PrincipalID, by principal: Principal) async throws {
    try await city.endSessions(of: id, by: principal)
  }

  public func organisations(by principal: Principal) async throws -> [Organisation] {
    try city.organisations(by: principal)
  }

  public func addOrganisation(
    _ draft: OrganisationDraft, by principal: Principal
  ) async throws -> Organisation {
    try await city.addOrganisation(
      id: draft.id, name: draft.name, kind: draft.kind, jurisdiction: draft.jurisdiction,
      parent: draft.parent, node: draft.node, by: principal)
  }

  public func changeOrganisation(
    _ organisation: Organisation, by principal: Principal
  ) async throws -> Organisation {
    try await city.changeOrganisation(organisation, by: principal)
  }

  public func deleteOrganisation(_ id: PrincipalID, by principal: Principal) async throws {
    try await city.deleteOrganisation(id, by: principal)
  }

  public func tokens(
    _ page: PageRequest, of holder: PrincipalID?, by principal: Principal
  ) async throws -> Page<TokenView> {
    city.tokens(page, of: holder, by: principal)
  }

  public func issueToken(
    _ request: TokenRequest, by principal: Principal
  ) async throws -> (token: TokenView, text: String) {
    let issued = try await city.issueToken(request, by: principal)
    return (issued.token, issued.text)
  }

  public func revokeToken(_ id: ThingID, by principal: Principal) async throws {
    _ = try await city.revokeToken(id, by: principal)
  }
}

extension CityPorts: PolicyPort {
  public func policy(
    version: Int?, by principal: Principal
  ) async throws -> ReleasePolicy {
    try await city.releasePolicy(version: version, by: principal)
  }

  public func putPolicy(
    _ rules: [ReleaseRule], seen: Int, by principal: Principal
  ) async throws -> ReleasePolicy {
    try await city.putReleasePolicy(rules, seen: seen, by: principal)
  }

  public func explain(
    _ event: EventID, to node: NodeID, by principal: Principal
  ) async throws -> ReleaseExplanation {
    try await city.explainRelease(of: event, to: node, by: principal)
  }

  public func tryRules(
    _ trial: PolicyTrial, by principal: Principal
  ) async throws -> ReleaseExplanation {
    try await city.explainRelease(
      rules: trial.rules, kind: trial.kind, labels: trial.labels, to: trial.node,
      direction: trial.direction ?? .outgoing, by: principal)
  }
}

extension CityPorts: PrivacyPort {
  public func personalValues(
    of thing: ThingID, by principal: Principal
  ) async throws -> [PersonalValue] {
    try await city.personalValues(of: thing, by: principal)
  }

  public func unmask(
    _ thing: ThingID, reason: String, by principal: Principal
  ) async throws -> [PersonalValue] {
    try await city.unmask(thing, reason: reason, by: principal)
  }

  public func erase(
    _ target: CityNode.ErasureTarget, reason: String, by principal: Principal
  ) async throws -> ErasureReport {
    try await city.erase(target, reason: reason, by: principal)
  }
}

extension CityPorts: ShiftsPort {
  public func prepareShift(
    incoming: PrincipalID, began: UTCTime?, notes: String, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.prepareShift(
      incoming: incoming, began: began, notes: notes, by: principal)
  }

  public func answerShift(
    _ id: ThingID, accepts: Bool, text: String?, by principal: Principal
  ) async throws -> ThingRecord {
    try await city.answerShift(id, accepts: accepts, text: text, by: principal)
  }

  public func shiftItems(
    _ id: ThingID, by principal: Principal
  ) async throws -> [ThingRecord] {
    try await city.shift(id, by: principal).items
  }
}
