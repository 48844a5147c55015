public import Access
public import CityCore

/// A person that is to be added.
public struct NewPerson: Hashable, Sendable, Codable {
  public var login: String
  public var displayName: String
  public var phone: String?
  public var organisation: PrincipalID
  /// Nil for the organisation's.
  public var jurisdiction: AdminCode?
  public var grants: [Grant]
  public var language: Language?

  public init(
    login: String, displayName: String, phone: String? = nil, organisation: PrincipalID,
    jurisdiction: AdminCode? = nil, grants: [Grant] = [], language: Language? = nil
  ) {
    self.login = login
    self.displayName = displayName
    self.phone = phone
    self.organisation = organisation
    self.jurisdiction = jurisdiction
    self.grants = grants
    self.language = language
  }

  /// - Parameter organisations: gives the jurisdiction when none is named; an unknown organisation
  ///   is a fault that validation finds.
  func person(
    _ id: PrincipalID, in organisations: OrganisationTree, fallback: AdminCode, now: UTCTime
  ) -> Person {
    Person(
      id: id, login: login.lowercased(), displayName: displayName, phone: phone,
      organisation: organisation,
      jurisdiction: jurisdiction ?? organisations[organisation]?.jurisdiction ?? fallback,
      grants: grants, language: language ?? .chinese, created: now)
  }
}

/// What changes of a person; nil leaves it as it is.
public struct PersonChange: Hashable, Sendable, Codable {
  public var login: String?
  public var displayName: String?
  /// Empty takes it away.
  public var phone: String?
  public var organisation: PrincipalID?
  public var jurisdiction: AdminCode?
  public var grants: [Grant]?
  public var language: Language?
  public var disabled: Bool?

  public init(
    login: String? = nil, displayName: String? = nil, phone: String? = nil,
    organisation: PrincipalID? = nil, jurisdiction: AdminCode? = nil, grants: [Grant]? = nil,
    language: Language? = nil, disabled: Bool? = nil
  ) {
    self.login = login
    self.displayName = displayName
    self.phone = phone
    self.organisation = organisation
    self.jurisdiction = jurisdiction
    self.grants = grants
    self.language = language
    self.disabled = disabled
  }

  func applied(to person: Person) -> Person {
    var copy = person
    if let login { copy.login = login.lowercased() }
    if let displayName { copy.displayName = displayName }
    if let phone { copy.phone = phone.isEmpty ? nil : phone }
    if let organisation { copy.organisation = organisation }
    if let jurisdiction { copy.jurisdiction = jurisdiction }
    if let grants { copy.grants = grants }
    if let language { copy.language = language }
    if let disabled { copy.disabled = disabled }
    return copy
  }

  /// The names of the fields that it changes in `person`, for the audit trail; no values.
  func names(of person: Person) -> [String] {
    let next = applied(to: person)
    var names: [String] = []
    if next.login != person.login { names.append("login") }
    if next.displayName != person.displayName { names.append("displayName") }
    if next.phone != person.phone { names.append("phone") }
    if next.organisation != person.organisation { names.append("organisation") }
    if next.jurisdiction != person.jurisdiction { names.append("jurisdiction") }
    if next.grants != person.grants { names.append("grants") }
    if next.language != person.language { names.append("language") }
    if next.disabled != person.disabled { names.append("disabled") }
    return names
  }
}

/// A person as lists and pages show one: what is personal is masked.
public struct PersonView: Hashable, Sendable, Codable {
  public var id: PrincipalID
  public var login: MaskedValue
  public var displayName: MaskedValue
  public var phone: MaskedValue?
  public var organisation: PrincipalID
  public var jurisdiction: AdminCode
  public var grants: [Grant]
  public var language: Language
  public var disabled: Bool
  public var created: UTCTime

  /// - Parameter masker: nil shows everything, after leave was given.
  init(_ person: Person, _ masker: Masker?, login isShown: Bool) {
    func show(_ value: String, _ kind: MaskKind) -> MaskedValue {
      masker?.show(value, as: kind, dataClass: .personal)
        ?? Masker(clearance: .personal).show(value, as: kind, dataClass: .open)
    }
    id = person.id
    // Who administers people must be able to tell them their login.
    login =
      isShown
      ? Masker(clearance: .work).show(person.login, as: .text, dataClass: .work)
      : show(person.login, .text)
    displayName = show(person.displayName, .name)
    phone = person.phone.map { show($0, .phone) }
    organisation = person.organisation
    jurisdiction = person.jurisdiction
    grants = person.grants
    language = person.language
    disabled = person.disabled
    created = person.created
  }
}

/// A one-time password, told once to who must pass it on.
public struct FirstPassword: Hashable, Sendable, Codable {
  public var person: PrincipalID
  public var login: String
  public var password: String
  /// Until then it must have been changed.
  public var until: UTCTime
}

// MARK: - What the audit trail says

/// No names, no logins, no numbers.
struct PersonNote: Codable, Sendable {
  var person: PrincipalID
  var organisation: PrincipalID?
  var jurisdiction: AdminCode?
  var fields: [String]?
  var granted: [Grant]?
  var taken: [Grant]?
  var reason: String?
}

struct OrganisationNote: Codable, Sendable {
  var organisation: PrincipalID
  var kind: Organisation.Kind?
  var jurisdiction: AdminCode?
  var parent: PrincipalID?
  var disabled: Bool?
}

struct TokenNote: Codable, Sendable {
  var token: ThingID
  var kind: TokenKind
  var principal: PrincipalID
  var scopes: [Permission]?
  var jurisdiction: AdminCode?
  var devices: Int?
  var expires: UTCTime?
}
