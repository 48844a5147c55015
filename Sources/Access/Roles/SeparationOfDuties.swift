import CityCore

/// Roles that one person must not hold over the same ground (GB/T 30428.8: supervision and
/// handling are separate; an audit by those audited is none).
public enum SeparationOfDuties {
  /// Two grants that contradict each other, by their position in the list that was checked.
  public struct Conflict: Hashable, Sendable {
    public let first: Int
    public let second: Int
    public let reason: String
  }

  /// Pairs of roles and why they exclude each other.
  static let exclusions: [(Role, Role, String)] =
    [(.handler, .inspector, "who handles a case never verifies or closes it")]
    + [Role.administrator, .commander, .dutyOfficer, .dispatcher, .handler, .inspector].map {
      ($0, .auditor, "an auditor changes nothing that is audited")
    }

  /// The contradictions among the grants of one person. Grants over ground that does not overlap
  /// do not contradict: somebody may handle in one street and inspect in another.
  public static func conflicts(_ grants: [Grant]) -> [Conflict] {
    var found: [Conflict] = []
    for (first, a) in grants.enumerated() {
      for (second, b) in grants.enumerated().dropFirst(first + 1) {
        guard a.jurisdiction.covers(b.jurisdiction) || b.jurisdiction.covers(a.jurisdiction) else {
          continue
        }
        for (one, other, reason) in exclusions
        where (a.role, b.role) == (one, other) || (a.role, b.role) == (other, one) {
          found.append(Conflict(first: first, second: second, reason: reason))
        }
      }
    }
    return found
  }
}
