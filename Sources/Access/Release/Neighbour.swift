public import CityCore

/// What a neighbour is to this node.
public enum Relation: String, Codable, Sendable, CaseIterable {
  case parent, child, department
  /// A node of the same level, for mutual aid.
  case neighbour
}

/// A node at the other end of a link, as release decisions see it.
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

/// Which way an event goes, seen from the node that decides.
public enum Direction: String, Codable, Sendable, CaseIterable {
  /// This node is about to release it to the neighbour.
  case outgoing
  /// This node received it from the neighbour and is about to store it.
  case incoming
}
