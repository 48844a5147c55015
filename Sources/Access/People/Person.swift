public import CityCore

/// The languages of the console.
public enum Language: String, Codable, Sendable, CaseIterable {
  case chinese = "zh-CN"
  case english = "en"
}

/// A human user of this node. The id is the pseudonym that events carry; login, name and phone are
/// personal, stay in this record, and never enter the journal.
public struct Person: Hashable, Sendable, Codable {
  public let id: PrincipalID
  /// Unique at the node. See ``isValidLogin(_:)``.
  public var login: String
  /// Data class personal: masked in lists.
  public var displayName: String
  /// Data class personal.
  public var phone: String?
  public var organisation: PrincipalID
  /// Where the person belongs; within the organisation's. Decides who may administer them.
  public var jurisdiction: AdminCode
  public var grants: [Grant]
  public var language: Language
  /// A disabled person keeps their id, because history names it, and can do nothing.
  public var disabled: Bool
  public var created: UTCTime

  public init(
    id: PrincipalID, login: String, displayName: String, phone: String? = nil,
    organisation: PrincipalID, jurisdiction: AdminCode, grants: [Grant] = [],
    language: Language = .chinese, disabled: Bool = false, created: UTCTime
  ) {
    self.id = id
    self.login = login
    self.displayName = displayName
    self.phone = phone
    self.organisation = organisation
    self.jurisdiction = jurisdiction
    self.grants = grants
    self.language = language
    self.disabled = disabled
    self.created = created
  }

  /// Grants one person may hold.
  public static let maximumGrants = 32

  /// Lower-case ASCII letters, digits, `.`, `-`, `_`; 2...64 bytes; begins with a letter or digit.
  public static func isValidLogin(_ text: String) -> Bool { FieldRules.isLogin(text) }

  /// What deciding about this record is deciding about. Its personal fields are class personal on
  /// their own and masked by ``Masker``.
  public var resource: Resource {
    Resource(
      jurisdiction: jurisdiction, organisation: organisation, dataClass: .work, owner: id)
  }

  /// - Parameter organisations: the tree that grants and membership are checked against.
  /// - Throws: `invalid` with one fault for each faulty field; contradictions of
  ///   ``SeparationOfDuties`` are faults too.
  public func validate(in organisations: OrganisationTree) throws(Problem) {
    var faults: [Problem.Fault] = []
    if !Self.isValidLogin(login) {
      faults.append(
        .init(at: "/login", reason: "2...64 of a-z, 0-9, '.', '-', '_', first a letter or digit"))
    }
    FieldRules.title(displayName, at: "/displayName", &faults)
    if let phone, !Self.isPlausiblePhone(phone) {
      faults.append(.init(at: "/phone", reason: "3...20 digits, with +, - and blanks between"))
    }
    if let home = organisations[organisation] {
      if !home.jurisdiction.covers(jurisdiction) {
        faults.append(
          .init(at: "/jurisdiction", reason: "lies outside the organisation's jurisdiction"))
      }
    } else {
      faults.append(.init(at: "/organisation", reason: "no such organisation"))
    }
    if grants.count > Self.maximumGrants {
      faults.append(.init(at: "/grants", reason: "at most \(Self.maximumGrants)"))
    } else {
      for (index, grant) in grants.enumerated() {
        faults += grant.faults(at: "/grants/\(index)", in: organisations[grant.organisation])
        if !grant.role.isForPeople {
          faults.append(.init(at: "/grants/\(index)/role", reason: "not a role for people"))
        }
      }
      for conflict in SeparationOfDuties.conflicts(grants) {
        faults.append(
          .init(
            at: "/grants/\(conflict.second)/role",
            reason: "excluded by /grants/\(conflict.first): \(conflict.reason)"))
      }
    }
    try FieldRules.check(faults, "the person")
  }

  private static func isPlausiblePhone(_ text: String) -> Bool {
    let digits = text.utf8.filter { (0x30...0x39).contains($0) }.count
    return (3...20).contains(digits) && text.utf8.count <= 32
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || [0x20, 0x2B, 0x2D].contains($0) }
  }
}
