/// What the package declares, reduced to what the rules ask about.
struct Manifest: Codable, Sendable {
  struct Target: Codable, Sendable {
    enum Kind: String, Codable, Sendable { case library, program, test, shim }
    let name: String
    let kind: Kind
    /// Nil for tests, shims and what only tests and benchmarks use.
    var rank: Int?
    /// The folder of its files, from the root.
    let path: String
    /// Targets of this package.
    var uses: [String] = []
    /// Products of other packages.
    var products: [String] = []

    /// Part of what users run.
    var ships: Bool { path.hasPrefix("Sources/") && kind != .shim }

    init(
      name: String, kind: Kind, rank: Int? = nil, path: String, uses: [String] = [],
      products: [String] = []
    ) {
      self.name = name
      self.kind = kind
      self.rank = rank
      self.path = path
      self.uses = uses
      self.products = products
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      self.init(
        name: try container.decode(String.self, forKey: .name),
        kind: try container.decodeIfPresent(Kind.self, forKey: .kind) ?? .library,
        rank: try container.decodeIfPresent(Int.self, forKey: .rank),
        path: try container.decode(String.self, forKey: .path),
        uses: try container.decodeIfPresent([String].self, forKey: .uses) ?? [],
        products: try container.decodeIfPresent([String].self, forKey: .products) ?? [])
    }
  }

  let targets: [Target]

  func target(_ name: String) -> Target? { targets.first { $0.name == name } }

  /// Shipped targets by rank; within a rank in the manifest's order.
  var shipped: [Target] {
    let all = targets.filter(\.ships)
    return Set(all.map { $0.rank ?? -1 }).sorted().flatMap { rank in
      all.filter { ($0.rank ?? -1) == rank }
    }
  }
}
