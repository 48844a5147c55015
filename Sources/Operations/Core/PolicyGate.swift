public import Access
public import CityCore
public import Linkage

/// Release policy, as data kept by `Access`, in the shape in which links ask for it.
public struct PolicyGate: ReleaseGate {
  public let policy: ReleasePolicy
  public let own: AdminCode

  public init(policy: ReleasePolicy, own: AdminCode) {
    self.policy = policy
    self.own = own
  }

  public var version: Int { policy.version }

  public func verdict(
    kind: String, labels: Labels, neighbour: Linkage.Neighbour, direction: LinkDirection,
    addressed: Bool,
    follows: Bool
  ) -> ReleaseVerdict {
    let decision = policy.decide(
      ReleaseQuestion(
        kind: kind, labels: labels,
        neighbour: ReleaseQuestion.Neighbour(
          node: neighbour.node, relation: Self.relation(neighbour.relation),
          jurisdiction: neighbour.jurisdiction), own: own, addressed: addressed,
        follows: follows, direction: direction == .outgoing ? .outgoing : .incoming))
    return switch decision.release {
    case .full: .full
    case .withoutSealed: .withoutSealed
    case .no: .withheld(reason: decision.why.en)
    }
  }

  static func relation(_ relation: Linkage.Relation) -> ReleaseQuestion.Relation {
    switch relation {
    case .parent: .parent
    case .child: .child
    case .department: .department
    case .neighbour: .neighbour
    }
  }
}
