public import CityCore

/// What a new token should be.
public struct TokenRequest: Hashable, Sendable, Codable {
  public var kind: TokenKind
  public var principal: PrincipalID
  public var name: String
  public var scopes: [Permission]
  public var grants: [Grant]
  public var jurisdiction: AdminCode
  public var organisation: PrincipalID
  public var devices: [PrincipalID]?
  public var expires: UTCTime?

  public init(
    kind: TokenKind, principal: PrincipalID, name: String, scopes: [Permission],
    grants: [Grant] = [], jurisdiction: AdminCode, organisation: PrincipalID,
    devices: [PrincipalID]? = nil, expires: UTCTime? = nil
  ) {
    self.kind = kind
    self.principal = principal
    self.name = name
    self.scopes = scopes
    self.grants = grants
    self.jurisdiction = jurisdiction
    self.organisation = organisation
    self.devices = devices
    self.expires = expires
  }

  /// A token with which devices send readings and fetch commands.
  /// - Parameter devices: nil for every device of the jurisdiction, as a gateway needs it.
  public static func forDevices(
    _ principal: PrincipalID, name: String, devices: [PrincipalID]?, organisation: PrincipalID,
    jurisdiction: AdminCode, expires: UTCTime? = nil
  ) -> TokenRequest {
    TokenRequest(
      kind: .device, principal: principal, name: name, scopes: [.writeReadings, .receiveCommands],
      grants: [Grant(role: .device, organisation: organisation, jurisdiction: jurisdiction)],
      jurisdiction: jurisdiction, organisation: organisation, devices: devices, expires: expires)
  }

  /// The longest life of a token that is not a device's.
  public static let longestLife = Duration64.days(400)
  /// Devices that one token may be bound to by name.
  public static let maximumDevices = 1_000

  /// - Throws: `invalid` with one fault for each faulty field.
  public func validate(in organisations: OrganisationTree, now: UTCTime) throws(Problem) {
    var faults: [Problem.Fault] = []
    FieldRules.title(name, at: "/name", &faults)
    if organisations[organisation] == nil {
      faults.append(.init(at: "/organisation", reason: "no such organisation"))
    }
    faults += grantFaults(organisations) + scopeFaults() + deviceFaults()
    if let expires {
      if expires <= now {
        faults.append(.init(at: "/expires", reason: "lies in the past"))
      } else if kind != .device, expires > now + Self.longestLife {
        faults.append(.init(at: "/expires", reason: "at most 400 days from now"))
      }
    } else if kind != .device {
      faults.append(.init(at: "/expires", reason: "only a device's token may have no end"))
    }
    try FieldRules.check(faults, "the token")
  }

  private func grantFaults(_ organisations: OrganisationTree) -> [Problem.Fault] {
    if kind == .person {
      return grants.isEmpty
        ? [] : [.init(at: "/grants", reason: "a person's token has the person's own grants")]
    }
    guard (1...Person.maximumGrants).contains(grants.count) else {
      return [.init(at: "/grants", reason: "1...\(Person.maximumGrants) grants")]
    }
    var faults: [Problem.Fault] = []
    for (index, grant) in grants.enumerated() {
      faults += grant.faults(at: "/grants/\(index)", in: organisations[grant.organisation])
      let fits =
        switch kind {
        case .device: grant.role == .device
        case .node: grant.role == .node
        case .program, .person: grant.role != .node
        }
      if !fits { faults.append(.init(at: "/grants/\(index)/role", reason: "not for this kind")) }
    }
    return faults
  }

  private func scopeFaults() -> [Problem.Fault] {
    guard !scopes.isEmpty else {
      return [.init(at: "/scopes", reason: "a token without scopes is good for nothing")]
    }
    guard kind != .person else { return [] }
    return scopes.enumerated().compactMap { index, scope in
      grants.contains { PermissionTable.allows($0.role, scope) }
        ? nil : .init(at: "/scopes/\(index)", reason: "no role of the token includes it")
    }
  }

  private func deviceFaults() -> [Problem.Fault] {
    guard let devices else { return [] }
    guard kind == .device || kind == .program else {
      return [.init(at: "/devices", reason: "only for tokens of devices and programs")]
    }
    return (1...Self.maximumDevices).contains(devices.count)
      ? [] : [.init(at: "/devices", reason: "1...\(Self.maximumDevices) devices, or none named")]
  }

  /// Makes the token.
  /// - Returns: the record to store, and the text to show once.
  /// - Throws: as ``validate(in:now:)``.
  public func issue(
    by creator: PrincipalID, in organisations: OrganisationTree, now: UTCTime,
    random: inout some RandomSource
  ) throws(Problem) -> (record: TokenRecord, text: TokenText) {
    try validate(in: organisations, now: now)
    let key = SortableKey.make(now: now, random: &random)
    guard let id = ThingID(kind: "tok", key: key) else {
      throw Problem(.internalFault, "a token's id could not be made")
    }
    let text = TokenText(kind: kind, id: id, secret: random.bytes(32))
    guard let hash = Digest32(text.hash) else {
      throw Problem(.internalFault, "a token's hash could not be made")
    }
    let record = TokenRecord(
      id: id, kind: kind, principal: principal, name: name, secretHash: hash,
      scopes: Set(scopes).sorted(), grants: grants, jurisdiction: jurisdiction,
      organisation: organisation, devices: devices.map { Set($0).sorted() }, created: now,
      createdBy: creator, expires: expires, revoked: nil, lastUsed: nil)
    return (record, text)
  }
}
