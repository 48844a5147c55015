import CityCore

/// A uniform grid over all areas. A cell lists the areas that may cover a point in it, in the order
/// in which they win, each marked when it covers the whole cell.
struct JurisdictionGrid: Sendable {
  private let box: BoundingBox
  private let columns: Int
  private let rows: Int
  private let columnsPerDegree: Double
  private let rowsPerDegree: Double
  private let cellStart: [Int32]
  /// Index of the area times two, plus one when it covers the whole cell.
  private let candidates: [Int32]

  /// Nil when there is no area.
  init?(_ areas: [PreparedArea?]) {
    var whole: BoundingBox?
    for area in areas {
      guard let area else { continue }
      whole = whole?.union(area.box) ?? area.box
    }
    guard let box = whole else { return nil }
    let side = min(512, max(16, Int((Double(areas.count) * 64).squareRoot())))
    self.box = box
    columns = side
    rows = side
    let width = box.east - box.west
    let height = box.north - box.south
    columnsPerDegree = width > 0 ? Double(side) / width : 0
    rowsPerDegree = height > 0 ? Double(side) / height : 0

    var lists = [[Int32]](repeating: [], count: side * side)
    for (index, area) in areas.enumerated() {
      guard let area else { continue }
      let edges = Self.cellsWithSides(
        of: area, box: box, side: side, columnsPerDegree: columnsPerDegree,
        rowsPerDegree: rowsPerDegree)
      for row in edges.rows {
        for column in edges.columns {
          let cell = row * side + column
          if edges.isTouched(row: row, column: column) {
            lists[cell].append(Int32(index) << 1)
          } else if let centre = Coordinate(
            longitude: box.west + (Double(column) + 0.5) * width / Double(side),
            latitude: box.south + (Double(row) + 0.5) * height / Double(side)),
            area.contains(centre)
          {
            // No side passes: the whole cell is where its centre is.
            lists[cell].append(Int32(index) << 1 | 1)
          }
        }
      }
    }
    var start: [Int32] = [0]
    start.reserveCapacity(lists.count + 1)
    var flat: [Int32] = []
    for list in lists {
      flat += list
      start.append(Int32(flat.count))
    }
    cellStart = start
    candidates = flat
  }

  /// Nil outside the box of all areas.
  @inline(__always)
  func cell(of point: Coordinate) -> Int? {
    guard box.contains(point) else { return nil }
    let column = slot((point.longitude - box.west) * columnsPerDegree, of: columns)
    let row = slot((point.latitude - box.south) * rowsPerDegree, of: rows)
    return row * columns + column
  }

  /// Calls `body` with each candidate until it returns false. An area that covers the whole cell
  /// does not end the search: deeper ones come before it, shallower ones after.
  @inline(__always)
  func forEachCandidate(in cell: Int, _ body: (_ area: Int, _ isFull: Bool) -> Bool) {
    var at = Int(cellStart[cell])
    let end = Int(cellStart[cell + 1])
    while at < end {
      let entry = candidates[at]
      guard body(Int(entry >> 1), entry & 1 == 1) else { return }
      at += 1
    }
  }

  private struct Touched {
    let rows: Range<Int>
    let columns: Range<Int>
    private var touched: [Bool]

    init(rows: Range<Int>, columns: Range<Int>) {
      self.rows = rows
      self.columns = columns
      touched = [Bool](repeating: false, count: rows.count * columns.count)
    }

    func isTouched(row: Int, column: Int) -> Bool {
      touched[(row - rows.lowerBound) * columns.count + column - columns.lowerBound]
    }

    mutating func mark(row: Int, from first: Int, to last: Int) {
      let first = max(first, columns.lowerBound)
      let last = min(last, columns.upperBound - 1)
      guard first <= last else { return }
      let start = (row - rows.lowerBound) * columns.count - columns.lowerBound
      for column in first...last { touched[start + column] = true }
    }
  }

  /// Marks the cells that a side passes through, and at most one column to either side of them.
  private static func cellsWithSides(
    of area: PreparedArea, box: BoundingBox, side: Int, columnsPerDegree: Double,
    rowsPerDegree: Double
  ) -> Touched {
    func column(_ longitude: Double) -> Int {
      slot((longitude - box.west) * columnsPerDegree, of: side)
    }
    func row(_ latitude: Double) -> Int {
      slot((latitude - box.south) * rowsPerDegree, of: side)
    }
    let columns = column(area.box.west)..<(column(area.box.east) + 1)
    let rows = row(area.box.south)..<(row(area.box.north) + 1)
    var out = Touched(rows: rows, columns: columns)
    area.forEachSide { a, b in
      let (low, high) = a.latitude < b.latitude ? (a, b) : (b, a)
      let western = min(a.longitude, b.longitude)
      let eastern = max(a.longitude, b.longitude)
      // A side that hardly rises has no useful slope: it has all columns between its ends.
      let isFlat = (high.latitude - low.latitude) * rowsPerDegree < 1e-6
      let slope =
        isFlat ? 0 : (high.longitude - low.longitude) / (high.latitude - low.latitude)
      for each in row(low.latitude)...row(high.latitude) {
        guard !isFlat else {
          out.mark(row: each, from: column(western), to: column(eastern))
          continue
        }
        let bottom = max(low.latitude, box.south + Double(each) / rowsPerDegree)
        let top = min(high.latitude, box.south + Double(each + 1) / rowsPerDegree)
        let x1 = low.longitude + (bottom - low.latitude) * slope
        let x2 = low.longitude + (top - low.latitude) * slope
        // Rounding may put an end just across a line: one more column on both sides.
        out.mark(
          row: each, from: column(max(western, min(x1, x2))) - 1,
          to: column(min(eastern, max(x1, x2))) + 1)
      }
    }
    return out
  }
}
