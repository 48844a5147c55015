public import CityCore

/// In what capacity somebody acts on a case. Roles are given by `Access`; these are the separate
/// authorities of case management that the rules speak of.
public enum Authority: String, Codable, Sendable, CaseIterable, Comparable {
  /// 监督中心: intake, filing, verification, closing, evaluation.
  case supervision
  /// 指挥中心: dispatch and coordination.
  case command
  /// A unit that handles cases.
  case handler
  /// Rules finally, reopens, orders.
  case leader
  /// A rule, clock, device or node: never a person, never granted.
  case system

  /// By name, so that sets of them can be put in order.
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

/// Somebody who acts: who it is, and in which capacities.
public struct ActingParty: Hashable, Sendable {
  /// As it will stand in the event.
  public let actor: Actor
  /// What it may act as.
  public let capacities: Set<Authority>

  /// - Parameter capacities: what roles give; ``Authority/system`` is taken from the kind of actor
  ///   alone.
  public init(actor: Actor, capacities: Set<Authority>) {
    self.actor = actor
    switch actor.kind {
    case .rule, .clock, .device, .node: self.capacities = [.system]
    case .person, .program: self.capacities = capacities.subtracting([.system])
    }
  }

  /// The pseudonym that separations of duty compare.
  public var who: PrincipalID { actor.id }
  /// The organisation acted for.
  public var organisation: PrincipalID? { actor.organisation }

  /// Whether it holds one of the authorities.
  public func isAny(of authorities: [Authority]) -> Bool {
    authorities.contains { capacities.contains($0) }
  }

  /// - Throws: ``Problem`` `forbidden` unless it holds one of the authorities.
  func require(_ authorities: [Authority]) throws(Problem) {
    guard isAny(of: authorities) else {
      let names = authorities.map(\.rawValue).joined(separator: ", ")
      throw Problem(.forbidden, "this needs one of the authorities \(names)")
    }
  }
}
