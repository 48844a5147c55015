public import CityCore

/// The organisations of one node and how they hang together. Built once from the store's records
/// and rebuilt when one changes.
public struct OrganisationTree: Sendable {
  /// The node's own organisation: of its government, or of the department that runs the node.
  public let home: PrincipalID
  /// Sorted by id.
  public let all: [Organisation]
  /// Looked up by key only; its order reaches no output.
  private let byID: [PrincipalID: Organisation]
  /// Each organisation with everything below it, sorted. Looked up by key only.
  private let subtrees: [PrincipalID: [PrincipalID]]
  /// The organisations that are the node itself rather than a unit inside it, sorted.
  public let house: [PrincipalID]

  /// - Parameter organisations: in any order; a later record with the same id is ignored. Parents
  ///   that do not exist, and circles, cut the tree there and do no harm.
  public init(home: PrincipalID, _ organisations: [Organisation]) {
    self.home = home
    byID = Dictionary(organisations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    let sorted = byID.values.sorted { $0.id < $1.id }
    all = sorted
    house = sorted.filter { $0.id == home || $0.kind == .government }.map(\.id)
    var members: [PrincipalID: [PrincipalID]] = [:]
    for organisation in sorted {
      var above: PrincipalID? = organisation.id
      var seen: Set<PrincipalID> = []
      while let id = above, let record = byID[id], seen.insert(id).inserted {
        members[id, default: []].append(organisation.id)
        above = record.parent
      }
    }
    subtrees = members
  }

  public subscript(id: PrincipalID) -> Organisation? { byID[id] }

  /// True for the node's own organisation and for governments: things of theirs belong to the node
  /// as a whole.
  public func isHouse(_ id: PrincipalID) -> Bool {
    id == home || byID[id]?.kind == .government
  }

  /// The organisation and everything below it, sorted; empty when it is unknown.
  public func subtree(of id: PrincipalID) -> [PrincipalID] { subtrees[id] ?? [] }

  /// Checks that a new or changed organisation fits.
  /// - Throws: `invalid`, when the record is faulty by itself, its parent does not exist, would
  ///   make a circle, or works on other ground.
  public func validate(_ organisation: Organisation) throws(Problem) {
    try organisation.validate()
    guard let parent = organisation.parent else { return }
    var faults: [Problem.Fault] = []
    if let above = byID[parent] {
      if subtree(of: organisation.id).contains(parent) {
        faults.append(.init(at: "/parent", reason: "is itself a part of this organisation"))
      }
      if !above.jurisdiction.covers(organisation.jurisdiction) {
        faults.append(
          .init(at: "/jurisdiction", reason: "lies outside the parent's, \(above.jurisdiction)"))
      }
    } else {
      faults.append(.init(at: "/parent", reason: "no such organisation"))
    }
    try FieldRules.check(faults, "the organisation")
  }
}
