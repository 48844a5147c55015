public import CityCore

/// A government, a department (委办) or a unit. Things that belong to a department or unit inside a
/// node are visible to its own people and to the node's command (``Role/spansUnits``).
public struct Organisation: Hashable, Sendable, Codable {
  public enum Kind: String, Codable, Sendable, CaseIterable {
    /// The organisation of a level of command.
    case government
    /// A department of that level, inside this node or with a node of its own.
    case department
    /// A part of a department, or a contractor.
    case unit
  }

  public let id: PrincipalID
  public var name: Label
  public var kind: Kind
  /// The ground it works on. Grants in it reach no further.
  public var jurisdiction: AdminCode
  /// The organisation it is a part of.
  public var parent: PrincipalID?
  /// The node it runs itself, when it takes part by a link.
  public var node: NodeID?
  public var disabled: Bool

  public init(
    id: PrincipalID, name: Label, kind: Kind, jurisdiction: AdminCode,
    parent: PrincipalID? = nil, node: NodeID? = nil, disabled: Bool = false
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.jurisdiction = jurisdiction
    self.parent = parent
    self.node = node
    self.disabled = disabled
  }

  /// What deciding about this record is deciding about. Names of organisations are public.
  public var resource: Resource {
    Resource(jurisdiction: jurisdiction, dataClass: .open, owner: id)
  }

  /// - Throws: `invalid` with one fault for each faulty field.
  public func validate() throws(Problem) {
    var faults: [Problem.Fault] = []
    FieldRules.title(name.zh, at: "/name/zh", &faults)
    FieldRules.title(name.en, at: "/name/en", &faults)
    if parent == id {
      faults.append(.init(at: "/parent", reason: "an organisation is no part of itself"))
    }
    if kind == .unit, parent == nil {
      faults.append(.init(at: "/parent", reason: "a unit is a part of something"))
    }
    try FieldRules.check(faults, "the organisation")
  }
}
