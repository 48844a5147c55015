/// Who did something. Identifies nobody by name: the id is a pseudonym that only `node` resolves.
public struct Actor: Hashable, Sendable, Codable {
  public enum Kind: String, Sendable, Codable { case person, program, device, rule, node, clock }
  public let kind: Kind
  public let id: PrincipalID
  public let node: NodeID
  /// The role held, such as `duty-officer`.
  public let role: String?
  /// The organisation acted for.
  public let organisation: PrincipalID?

  public init(
    kind: Kind, id: PrincipalID, node: NodeID, role: String? = nil, organisation: PrincipalID? = nil
  ) {
    self.kind = kind
    self.id = id
    self.node = node
    self.role = role
    self.organisation = organisation
  }
}

/// What release policy, access and queries need to know of an event without opening its body.
public struct Labels: Hashable, Sendable, Codable {
  /// Where it belongs. Decides who may see it.
  public var jurisdiction: AdminCode
  public var grade: Grade?
  /// The class code of the case or order, such as `0101`.
  public var classCode: String?
  public var dataClass: DataClass
  /// Nodes that take part in the thing, beside its owner. The thing's events are for them.
  public var parties: [NodeID]

  public init(
    jurisdiction: AdminCode, grade: Grade? = nil, classCode: String? = nil,
    dataClass: DataClass = .work, parties: [NodeID] = []
  ) {
    self.jurisdiction = jurisdiction
    self.grade = grade
    self.classCode = classCode
    self.dataClass = dataClass
    self.parties = parties
  }
}

/// The header of an event: everything about it but its body.
public struct EventHeader: Hashable, Sendable, Codable {
  public var id: EventID
  /// `domain.pastParticiple`, such as `incident.filed`.
  public var kind: String
  /// The version of the body's shape, from 1. Upcasters bring old ones up.
  public var kindVersion: Int
  public var thing: ThingID
  /// Ownership term of the thing, from 1: +1 whenever an offer of it ends, by a hand-over or by its
  /// return.
  public var term: Int
  /// Version of the thing after this event, contiguous across owners, from 1.
  public var version: Int
  public var time: HybridTime
  public var actor: Actor
  /// The event that led to this one, here or elsewhere.
  public var cause: EventID?
  public var labels: Labels

  public init(
    id: EventID, kind: String, kindVersion: Int = 1, thing: ThingID, term: Int, version: Int,
    time: HybridTime, actor: Actor, cause: EventID? = nil, labels: Labels
  ) {
    self.id = id
    self.kind = kind
    self.kindVersion = kindVersion
    self.thing = thing
    self.term = term
    self.version = version
    self.time = time
    self.actor = actor
    self.cause = cause
    self.labels = labels
  }
}
