public import CityCore
import Crypto

/// Everything that a principal may reach with one permission, as a union of boxes. Lists, tiles and
/// event streams filter by it; ``AccessPolicy/decide(_:_:_:now:)`` and ``admits(_:)`` always agree.
///
/// Normalised: equal reach gives equal scopes, whatever the order of the grants, so that
/// ``cacheKey`` can stand in the key of a cache.
public struct Scope: Hashable, Sendable {
  /// One box: all of these must hold.
  public struct Region: Hashable, Sendable, Comparable {
    /// The resource's code equals this or lies below it: a prefix test.
    public let jurisdiction: AdminCode
    public let organisation: OrganisationReach
    /// The resource's class is this or below.
    public let maximumDataClass: DataClass

    public init(
      jurisdiction: AdminCode, organisation: OrganisationReach, maximumDataClass: DataClass
    ) {
      self.jurisdiction = jurisdiction
      self.organisation = organisation
      self.maximumDataClass = maximumDataClass
    }

    public func admits(_ resource: Resource) -> Bool {
      organisation.admits(resource.organisation) && resource.dataClass <= maximumDataClass
        && jurisdiction.covers(resource.jurisdiction)
    }

    /// True when it admits everything that the other does.
    func contains(_ other: Region) -> Bool {
      organisation.contains(other.organisation) && other.maximumDataClass <= maximumDataClass
        && jurisdiction.covers(other.jurisdiction)
    }

    public static func < (a: Region, b: Region) -> Bool {
      (a.jurisdiction, a.organisation, a.maximumDataClass)
        < (b.jurisdiction, b.organisation, b.maximumDataClass)
    }
  }

  /// Which organisations' things a region includes.
  public enum OrganisationReach: Hashable, Sendable, Comparable {
    /// Those of every organisation, and those of none.
    case any
    /// Those of the node as a whole, which belong to no organisation.
    case none
    case one(PrincipalID)

    func admits(_ organisation: PrincipalID?) -> Bool {
      switch self {
      case .any: true
      case .none: organisation == nil
      case .one(let id): organisation == id
      }
    }

    func contains(_ other: Self) -> Bool { self == .any || self == other }

    public static func < (a: Self, b: Self) -> Bool {
      switch (a, b) {
      case (.any, .any), (.none, .none): false
      case (.any, _): true
      case (_, .any): false
      case (.none, _): true
      case (_, .none): false
      case (.one(let x), .one(let y)): x < y
      }
    }
  }

  /// None contains another; sorted. Empty: nothing is visible.
  public let regions: [Region]
  /// When not nil, only resources of these owners, sorted.
  public let owners: [PrincipalID]?

  /// Normalises.
  public init(regions: [Region], owners: [PrincipalID]? = nil) {
    let candidates = Set(regions).sorted()
    var kept: [Region] = []
    for candidate in candidates
    where !candidates.contains(where: { $0 != candidate && $0.contains(candidate) }) {
      kept.append(candidate)
    }
    let owners = owners.map { Set($0).sorted() }
    // No regions or no owners both mean nothing; there is one way to say it.
    if kept.isEmpty || owners?.isEmpty == true {
      self.regions = []
      self.owners = nil
    } else {
      self.regions = kept
      self.owners = owners
    }
  }

  public static let nothing = Scope(regions: [])
  public var isEmpty: Bool { regions.isEmpty }

  public func admits(_ resource: Resource) -> Bool {
    if let owners {
      guard let owner = resource.owner, owners.contains(sorted: owner) else { return false }
    }
    return regions.contains { $0.admits(resource) }
  }

  /// The jurisdictions that something may lie in, none below another, sorted.
  public var jurisdictions: [AdminCode] {
    let codes = Set(regions.map(\.jurisdiction)).sorted()
    return codes.filter { code in !codes.contains { $0 != code && $0.covers(code) } }
  }

  /// Sixty-four hexadecimal digits that equal scopes share and different scopes do not, across
  /// processes and versions.
  public var cacheKey: String {
    var text = "scope/1"
    for region in regions {
      let organisation =
        switch region.organisation {
        case .any: "*"
        case .none: "-"
        case .one(let id): "=\(id)"
        }
      text += "\n\(region.jurisdiction) \(organisation) \(region.maximumDataClass.rawValue)"
    }
    if let owners {
      text += "\nowners"
      for owner in owners { text += " \(owner)" }
    }
    return Hex.string(SHA256.hash(data: Array(text.utf8)))
  }
}

extension Array where Element: Comparable {
  /// Binary search; the array is sorted.
  func contains(sorted element: Element) -> Bool {
    var low = 0
    var high = count
    while low < high {
      let middle = (low + high) / 2
      if self[middle] < element { low = middle + 1 } else { high = middle }
    }
    return low < count && self[low] == element
  }
}
