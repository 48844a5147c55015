public import CityCore

/// Points by key, for "who is near": crews, devices, cases. A hash grid over degrees that finds the
/// nearest and those within a radius without looking at all of them. Answers are ordered by
/// distance, then key, whatever the order of insertion.
public struct PointIndex<Key: Hashable & Comparable & Sendable>: Sendable {
  /// One answer.
  public struct Hit: Sendable, Equatable {
    public let key: Key
    public let place: Coordinate
    /// Metres.
    public let distance: Double
  }

  private struct Cell: Hashable { let column: Int32, row: Int32 }

  private let cellDegrees: Double
  private let columns: Int
  private let rows: Int
  private var places: [Key: Coordinate] = [:]
  private var cells: [Cell: [Key]] = [:]

  /// - Parameter cellDegrees: width of a cell; about the distance that is usually asked for. Held
  ///   within 0.0001...10.
  public init(cellDegrees: Double = 0.01) {
    self.cellDegrees = cellDegrees.isFinite ? min(10, max(0.0001, cellDegrees)) : 0.01
    columns = Int((360 / self.cellDegrees).rounded(.up))
    rows = Int((180 / self.cellDegrees).rounded(.up))
  }

  public var count: Int { places.count }

  public subscript(key: Key) -> Coordinate? { places[key] }

  /// Adds the key, or moves it.
  public mutating func update(_ key: Key, to place: Coordinate) {
    let cell = cell(of: place)
    if let old = places.updateValue(place, forKey: key) {
      let oldCell = self.cell(of: old)
      guard oldCell != cell else { return }
      drop(key, from: oldCell)
    }
    cells[cell, default: []].append(key)
  }

  public mutating func remove(_ key: Key) {
    guard let old = places.removeValue(forKey: key) else { return }
    drop(key, from: cell(of: old))
  }

  /// All within `metres` of the centre, the limit included, nearest first.
  public func within(_ metres: Double, of centre: Coordinate) -> [Hit] {
    guard metres >= 0 else { return [] }
    let box = BoundingBox(around: centre, metres: metres * (1 + 1e-9) + 1e-6)
    let span = (box.east - box.west) / cellDegrees * ((box.north - box.south) / cellDegrees)
    var hits: [Hit] = []
    // Near ±180° the box is clipped; there, and when the cells outnumber the points, look at all.
    let clipped = box.west <= -180 || box.east >= 180
    if clipped || span > Double(places.count) {
      hits = all(from: centre)
    } else {
      let low = cell(at: box.west, box.south)
      let high = cell(at: box.east, box.north)
      for row in low.row...high.row {
        for column in low.column...high.column {
          collect(Cell(column: column, row: row), from: centre, into: &hits)
        }
      }
    }
    return hits.filter { $0.distance <= metres }.sorted(by: Self.isNearer)
  }

  /// The `count` nearest, nearest first; fewer when there are fewer.
  public func nearest(_ count: Int, to centre: Coordinate) -> [Hit] {
    guard count > 0, !places.isEmpty else { return [] }
    let home = cell(of: centre)
    var hits: [Hit] = []
    for ring in 0..<64 {
      // A ring that wraps around the antimeridian or a pole is not worth the care.
      guard Int(home.column) - ring >= 0, Int(home.column) + ring < columns,
        Int(home.row) - ring >= 0, Int(home.row) + ring < rows
      else { break }
      for cell in Self.ring(ring, around: home) { collect(cell, from: centre, into: &hits) }
      guard hits.count >= count else { continue }
      hits.sort(by: Self.isNearer)
      // Whatever lies outside the ring is at least this far: north or south by latitude, east or
      // west by the distance to a meridian.
      let angle = Double(ring) * cellDegrees.radians
      let sideways = arcSine(sine(min(angle, .pi / 2)) * cosine(centre.latitude.radians))
      if hits[count - 1].distance < min(angle, sideways) * Earth.radius {
        return Array(hits.prefix(count))
      }
    }
    return Array(all(from: centre).sorted(by: Self.isNearer).prefix(count))
  }

  // MARK: - Cells

  private func cell(of place: Coordinate) -> Cell { cell(at: place.longitude, place.latitude) }

  private func cell(at longitude: Double, _ latitude: Double) -> Cell {
    Cell(
      column: Int32(slot((longitude + 180) / cellDegrees, of: columns)),
      row: Int32(slot((latitude + 90) / cellDegrees, of: rows)))
  }

  private mutating func drop(_ key: Key, from cell: Cell) {
    guard var keys = cells[cell], let at = keys.firstIndex(of: key) else { return }
    keys.remove(at: at)
    cells[cell] = keys.isEmpty ? nil : keys
  }

  private func collect(_ cell: Cell, from centre: Coordinate, into hits: inout [Hit]) {
    for key in cells[cell] ?? [] {
      guard let place = places[key] else { continue }
      hits.append(Hit(key: key, place: place, distance: centre.distance(to: place)))
    }
  }

  /// In no order.
  private func all(from centre: Coordinate) -> [Hit] {
    // Any order: callers sort.
    places.map { Hit(key: $0.key, place: $0.value, distance: centre.distance(to: $0.value)) }
  }

  private static func ring(_ radius: Int, around home: Cell) -> [Cell] {
    let r = Int32(radius)
    guard r > 0 else { return [home] }
    var out: [Cell] = []
    for column in (home.column - r)...(home.column + r) {
      out.append(Cell(column: column, row: home.row - r))
      out.append(Cell(column: column, row: home.row + r))
    }
    for row in (home.row - r + 1)...(home.row + r - 1) {
      out.append(Cell(column: home.column - r, row: row))
      out.append(Cell(column: home.column + r, row: row))
    }
    return out
  }

  private static func isNearer(_ a: Hit, _ b: Hit) -> Bool {
    (a.distance, a.key) < (b.distance, b.key)
  }
}
