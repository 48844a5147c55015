public import CityCore

/// A role, held in an organisation, for a jurisdiction, up to a data class, for a time.
public struct Grant: Hashable, Sendable, Codable {
  public var role: Role
  public var organisation: PrincipalID
  /// Reaches this code and everything below it.
  public var jurisdiction: AdminCode
  /// Reaches this class and all below it, but never above ``Role/maximumDataClass``.
  public var maximumDataClass: DataClass
  /// In force from then on; nil for always.
  public var notBefore: UTCTime?
  /// Not in force from then on; nil for never.
  public var expires: UTCTime?

  public init(
    role: Role, organisation: PrincipalID, jurisdiction: AdminCode,
    maximumDataClass: DataClass = .personal, notBefore: UTCTime? = nil, expires: UTCTime? = nil
  ) {
    self.role = role
    self.organisation = organisation
    self.jurisdiction = jurisdiction
    self.maximumDataClass = maximumDataClass
    self.notBefore = notBefore
    self.expires = expires
  }

  /// As written; without `maximumDataClass` the grant reaches what its role does.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      role: try container.decode(Role.self, forKey: .role),
      organisation: try container.decode(PrincipalID.self, forKey: .organisation),
      jurisdiction: try container.decode(AdminCode.self, forKey: .jurisdiction),
      maximumDataClass: try container.decodeIfPresent(DataClass.self, forKey: .maximumDataClass)
        ?? .personal,
      notBefore: try container.decodeIfPresent(UTCTime.self, forKey: .notBefore),
      expires: try container.decodeIfPresent(UTCTime.self, forKey: .expires))
  }

  /// True from `notBefore` until just before `expires`.
  public func isInForce(at now: UTCTime) -> Bool {
    if let notBefore, now < notBefore { return false }
    if let expires, now >= expires { return false }
    return true
  }

  /// The data class it really reaches.
  public var effectiveDataClass: DataClass { min(maximumDataClass, role.maximumDataClass) }

  /// Faults of one grant at `path`, given the organisation it is held in (nil: unknown here).
  func faults(at path: String, in organisation: Organisation?) -> [Problem.Fault] {
    var faults: [Problem.Fault] = []
    if let organisation {
      if !organisation.jurisdiction.covers(jurisdiction) {
        faults.append(
          .init(
            at: path + "/jurisdiction",
            reason: "lies outside \(organisation.jurisdiction), where the organisation works"))
      }
    } else {
      faults.append(.init(at: path + "/organisation", reason: "no such organisation"))
    }
    if let notBefore, let expires, expires <= notBefore {
      faults.append(.init(at: path + "/expires", reason: "must be later than notBefore"))
    }
    return faults
  }
}
