public import CityCore

/// Which way an event crosses a link, seen from this node.
public enum LinkDirection: String, Sendable, Codable { case outgoing, incoming }

/// What release policy says of one event on one link.
public enum ReleaseVerdict: Hashable, Sendable {
  /// With the personal values of its sealed part.
  case full
  case withoutSealed
  case withheld(reason: String)

  public var isReleased: Bool {
    if case .withheld = self { false } else { true }
  }
}

/// Release policy as `Linkage` sees it. Checked by the sender, and again by the receiver.
public protocol ReleaseGate: Sendable {
  /// Travels with each release.
  var version: Int { get }
  /// - Parameters:
  ///   - addressed: a party of the thing is reached through this link.
  ///   - follows: the neighbour has earlier events of the thing already; a grade that has fallen
  ///     since does not end what it follows.
  func verdict(
    kind: String, labels: Labels, neighbour: Neighbour, direction: LinkDirection, addressed: Bool,
    follows: Bool
  ) -> ReleaseVerdict
}
