public import CityCore

/// An area of responsibility: what the five levels divide the land into.
public struct Jurisdiction: Hashable, Sendable, Codable {
  public let code: AdminCode
  public let name: Label
  public let level: Level
  public let area: MultiPolygon

  /// - Parameter level: the level that commands here, when it is not the one that the code's length
  ///   says (a development zone with a county code may be run as a street).
  public init(code: AdminCode, name: Label, level: Level? = nil, area: MultiPolygon) {
    self.code = code
    self.name = name
    self.level = level ?? code.level
    self.area = area
  }
}

/// Answers whose land a point lies on. Built once from all areas, then only read: a grid says at once
/// for most points, and for points near a boundary names the few areas to test exactly.
///
/// The deepest level wins; among areas of one level that overlap by mistake, the smallest code.
/// Horizontal sides, corners and shared sides follow ``Polygon/contains(_:)``: areas that share
/// their corners leave no gap and no overlap.
public struct JurisdictionIndex: Sendable {
  /// Deepest level first, then by code: the order in which they win.
  public let jurisdictions: [Jurisdiction]
  private let areas: [PreparedArea?]
  private let byCode: [AdminCode: Int]
  private let grid: JurisdictionGrid?

  /// Areas an index may hold.
  public static let maximum = 50_000

  /// - Throws: ``Problem`` `invalid` when a code comes twice, an area is faulty, or there are too
  ///   many. Fault positions are `/n` (the n-th jurisdiction) and below.
  public init(
    _ jurisdictions: [Jurisdiction],
    bounds: PolygonValidation.Bounds = PolygonValidation.Bounds()
  ) throws(Problem) {
    guard jurisdictions.count <= Self.maximum else {
      throw Problem(.tooLarge, "at most \(Self.maximum) jurisdictions")
    }
    var faults: [Problem.Fault] = []
    var seen: Set<AdminCode> = []
    for (number, each) in jurisdictions.enumerated() {
      if !seen.insert(each.code).inserted {
        faults.append(.init(at: "/\(number)/code", reason: "\(each.code) comes twice"))
      }
      faults += PolygonValidation.faults(each.area, bounds: bounds, at: "/\(number)/area")
    }
    guard faults.isEmpty else {
      throw Problem(.invalid, "the jurisdictions are not acceptable", faults: faults)
    }
    let sorted = jurisdictions.sorted { ($1.level, $0.code) < ($0.level, $1.code) }
    self.jurisdictions = sorted
    byCode = Dictionary(
      sorted.enumerated().map { ($1.code, $0) }, uniquingKeysWith: { first, _ in first })
    areas = sorted.map { PreparedArea($0.area) }
    grid = JurisdictionGrid(areas)
  }

  /// The most specific area that covers the point; nil outside all of them.
  public func lookup(_ point: Coordinate) -> AdminCode? {
    guard let index = firstIndex(at: point) else { return nil }
    return jurisdictions[index].code
  }

  /// As ``lookup(_:)``, but only among areas that `code` covers: a node's own land.
  public func lookup(_ point: Coordinate, within code: AdminCode) -> AdminCode? {
    covering(point).first { code.covers($0.code) }?.code
  }

  /// Every area that covers the point, most specific first.
  public func covering(_ point: Coordinate) -> [Jurisdiction] {
    guard let grid, let cell = grid.cell(of: point) else { return [] }
    var out: [Jurisdiction] = []
    grid.forEachCandidate(in: cell) { index, isFull in
      if isFull || areas[index]?.contains(point) == true { out.append(jurisdictions[index]) }
      return true
    }
    return out
  }

  public subscript(code: AdminCode) -> Jurisdiction? {
    byCode[code].map { jurisdictions[$0] }
  }

  /// The areas that `code` covers, itself included, shallowest first, then by code.
  public func below(_ code: AdminCode) -> [Jurisdiction] {
    jurisdictions.filter { code.covers($0.code) }
      .sorted { ($0.level, $0.code) < ($1.level, $1.code) }
  }

  private func firstIndex(at point: Coordinate) -> Int? {
    guard let grid, let cell = grid.cell(of: point) else { return nil }
    var found: Int?
    grid.forEachCandidate(in: cell) { index, isFull in
      guard isFull || areas[index]?.contains(point) == true else { return true }
      found = index
      return false
    }
    return found
  }
}
