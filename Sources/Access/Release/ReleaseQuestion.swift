public import CityCore

/// Whether one event may pass one link.
public struct ReleaseQuestion: Hashable, Sendable {
  /// What a neighbour is to this node.
  public enum Relation: String, Codable, Sendable, CaseIterable {
    case parent
    case child
    case department
    /// A node of the same level, for mutual aid.
    case neighbour
  }

  /// The node at the other end of the link.
  public struct Neighbour: Hashable, Sendable, Codable {
    public let node: NodeID
    public let relation: Relation
    /// What it answers for.
    public let jurisdiction: AdminCode

    public init(node: NodeID, relation: Relation, jurisdiction: AdminCode) {
      self.node = node
      self.relation = relation
      self.jurisdiction = jurisdiction
    }
  }

  /// Which way the event goes, seen from the node that decides.
  public enum Direction: String, Codable, Sendable, CaseIterable {
    /// This node is about to release it to the neighbour.
    case outgoing
    /// This node received it from the neighbour and is about to store it.
    case incoming
  }

  /// The event's kind, such as `incident.filed`.
  public var kind: String
  public var labels: Labels
  public var neighbour: Neighbour
  /// The jurisdiction of the node that decides.
  public var own: AdminCode
  /// Outgoing: a party of the thing is reached through this link. Incoming: this node, or one behind
  /// another of its links, takes part in the thing.
  public var addressed: Bool
  /// True when the neighbour was given earlier versions of the thing. A rule's minimum grade then
  /// holds for the thing no more: who saw a warning rise also sees it fall and end.
  public var follows: Bool
  public var direction: Direction

  public init(
    kind: String, labels: Labels, neighbour: Neighbour, own: AdminCode, addressed: Bool,
    follows: Bool = false, direction: Direction
  ) {
    self.kind = kind
    self.labels = labels
    self.neighbour = neighbour
    self.own = own
    self.addressed = addressed
    self.follows = follows
    self.direction = direction
  }
}
