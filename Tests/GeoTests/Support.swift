import CityCore
import Geo
import Testing

/// A place that the test knows to be one.
func place(_ longitude: Double, _ latitude: Double) throws -> Coordinate {
  try #require(Coordinate(longitude: longitude, latitude: latitude))
}

func ring(_ pairs: [(Double, Double)]) throws -> Ring {
  Ring(try pairs.map { try place($0.0, $0.1) })
}

/// The rectangle, counter-clockwise.
func rectangle(_ west: Double, _ south: Double, _ east: Double, _ north: Double) throws -> Ring {
  try ring([(west, south), (east, south), (east, north), (west, north), (west, south)])
}

func code(_ text: String) throws -> AdminCode { try #require(AdminCode(rawValue: text)) }

extension SeededRandom {
  /// Uniform in `0..<1`.
  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
  mutating func between(_ low: Double, _ high: Double) -> Double { low + (high - low) * unit() }
}

/// A seeded mesh: rows × columns of four-sided cells whose inner corners are pushed about at random,
/// so that together they divide the rectangle without gap or overlap.
struct Mesh {
  let cells: [MultiPolygon]
  let corners: [Coordinate]

  init(
    random: inout SeededRandom, columns: Int, rows: Int, west: Double, south: Double, width: Double,
    height: Double
  ) throws {
    var grid: [[Coordinate]] = []
    for row in 0...rows {
      var line: [Coordinate] = []
      for column in 0...columns {
        // Up to 0.3 of a cell: the cells stay simple. The rim stays straight.
        let isRimX = column == 0 || column == columns
        let isRimY = row == 0 || row == rows
        let dx = isRimX ? 0 : random.between(-0.3, 0.3)
        let dy = isRimY ? 0 : random.between(-0.3, 0.3)
        line.append(
          try place(
            west + (Double(column) + dx) * width / Double(columns),
            south + (Double(row) + dy) * height / Double(rows)))
      }
      grid.append(line)
    }
    var cells: [MultiPolygon] = []
    for row in 0..<rows {
      for column in 0..<columns {
        var ring = [
          grid[row][column], grid[row][column + 1], grid[row + 1][column + 1],
          grid[row + 1][column],
        ]
        ring.append(ring[0])
        // Half of them clockwise: the direction must not matter.
        if (row + column).isMultiple(of: 2) { ring.reverse() }
        cells.append(MultiPolygon(Polygon(outer: Ring(ring))))
      }
    }
    self.cells = cells
    corners = grid.flatMap { $0 }
  }
}
