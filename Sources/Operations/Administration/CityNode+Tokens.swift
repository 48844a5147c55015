public import Access
public import CityCore
import Devices
import Journal

/// A token as lists show it: nothing of the secret.
public struct TokenView: Hashable, Sendable, Codable {
  public var id: ThingID
  public var kind: TokenKind
  public var principal: PrincipalID
  public var name: String
  public var scopes: [Permission]
  public var grants: [Grant]
  public var jurisdiction: AdminCode
  public var organisation: PrincipalID
  public var devices: [PrincipalID]?
  public var created: UTCTime
  public var createdBy: PrincipalID
  public var expires: UTCTime?
  public var revoked: UTCTime?
  public var lastUsed: UTCTime?

  public init(_ record: TokenRecord) {
    id = record.id
    kind = record.kind
    principal = record.principal
    name = record.name
    scopes = record.scopes
    grants = record.grants
    jurisdiction = record.jurisdiction
    organisation = record.organisation
    devices = record.devices
    created = record.created
    createdBy = record.createdBy
    expires = record.expires
    revoked = record.revoked
    lastUsed = record.lastUsed
  }
}

/// A token that was just issued. The text is shown once.
public struct IssuedToken: Sendable {
  public let token: TokenView
  /// `cb_<kind>_<id>_<secret>`.
  public let text: String
}

extension CityNode {
  /// Tokens, in order of id: those that the asker may manage, and their own.
  public func tokens(
    _ page: PageRequest, of holder: PrincipalID? = nil, by principal: Principal
  ) -> Page<TokenView> {
    let scope = scope(principal, .manageTokens)
    let found = access.tokens(page) { token in
      (Self.isOwn(token, principal) || scope.admits(token.resource))
        && (holder.map { $0 == token.principal } ?? true)
    }
    return Page(items: found.items.map(TokenView.init), next: found.next)
  }

  /// Issues a token. A person's own token is issued by that person and nobody else, for it acts in
  /// their name; all others take `manage-tokens` over the token and each of its grants.
  /// - Throws: ``Problem`` `forbidden`, `invalid` (unknown devices among others).
  public func issueToken(
    _ request: TokenRequest, by principal: Principal
  ) async throws -> IssuedToken {
    var random = SystemRandom()
    let (record, text) = try request.issue(
      by: principal.id, in: access.policy.organisations, now: clock.now(), random: &random)
    let actor = try authoriseToken(record, principal)
    try await engine.perform { core, now, store, outcome in
      for (index, device) in (record.devices ?? []).enumerated() {
        guard let id = ThingID(rawValue: device.rawValue), try store.device(id) != nil else {
          throw Problem(
            .invalid, "the token names a device that is not registered",
            faults: [.init(at: "/devices/\(index)", reason: "no such device")])
        }
      }
      try outcome.put(record, store)
      try core.audit(
        "token.issued", Self.note(record), by: actor, now: now, store: store, outcome: &outcome)
    }
    return IssuedToken(token: TokenView(record), text: text.text)
  }

  /// Ends a token now: the next request with it is refused. Again changes nothing.
  /// - Throws: ``Problem`` `notFound`, `forbidden`.
  public func revokeToken(_ id: ThingID, by principal: Principal) async throws -> TokenView {
    guard let known = access.token(id) else {
      throw Problem(.notFound, "there is no such thing, or it is not yours to see")
    }
    let actor: Actor
    if Self.isOwn(known, principal) {
      actor = ownActor(principal, known.organisation)
    } else {
      let decision = access.policy.decideManaging(known, by: principal, now: clock.now())
      actor = try self.actor(decision.require(hiding: true), principal)
    }
    return try await engine.perform { core, now, store, outcome in
      guard var token = try store.token(id) else {
        throw Problem(.notFound, "there is no such token")
      }
      guard token.revoked == nil else { return TokenView(token) }
      token.revoked = now
      try outcome.put(token, store)
      try core.audit(
        "token.revoked",
        TokenNote(token: token.id, kind: token.kind, principal: token.principal), by: actor,
        now: now, store: store, outcome: &outcome)
      return TokenView(token)
    }
  }

  private func authoriseToken(
    _ token: TokenRecord, _ principal: Principal
  ) throws(Problem) -> Actor {
    guard token.kind == .person else {
      let decision = access.policy.decideManaging(token, by: principal, now: clock.now())
      return try actor(decision.require(), principal)
    }
    guard Self.isOwn(token, principal), !principal.passwordChangeDue else {
      throw Problem(.forbidden, "a person's token is issued by that person, in a session")
    }
    return ownActor(principal, token.organisation)
  }

  /// A person in a session, about a token of their own.
  private static func isOwn(_ token: TokenRecord, _ principal: Principal) -> Bool {
    token.kind == .person && principal.kind == .person && principal.id == token.principal
      && principal.scopes == nil
  }

  private func ownActor(_ principal: Principal, _ organisation: PrincipalID) -> Actor {
    Actor(kind: .person, id: principal.id, node: identity.node, organisation: organisation)
  }

  private static func note(_ token: TokenRecord) -> TokenNote {
    TokenNote(
      token: token.id, kind: token.kind, principal: token.principal, scopes: token.scopes,
      jurisdiction: token.jurisdiction, devices: token.devices?.count, expires: token.expires)
  }
}
