public import CityCore

/// What a decision is about: the part of a thing, event, file or field that decides who may.
public struct Resource: Hashable, Sendable, Codable {
  /// Where it belongs.
  public var jurisdiction: AdminCode
  /// The unit or department it belongs to; nil for things of the node as a whole.
  public var organisation: PrincipalID?
  public var dataClass: DataClass
  /// The device, person or program it is about; only holders of a token that is bound to some of
  /// them are limited by it.
  public var owner: PrincipalID?

  public init(
    jurisdiction: AdminCode, organisation: PrincipalID? = nil, dataClass: DataClass = .work,
    owner: PrincipalID? = nil
  ) {
    self.jurisdiction = jurisdiction
    self.organisation = organisation
    self.dataClass = dataClass
    self.owner = owner
  }

  /// What an event's labels say.
  public init(
    _ labels: Labels, organisation: PrincipalID? = nil, owner: PrincipalID? = nil
  ) {
    self.init(
      jurisdiction: labels.jurisdiction, organisation: organisation, dataClass: labels.dataClass,
      owner: owner)
  }
}
