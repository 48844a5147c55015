import CityCore

/// An area made ready for many point tests: its sides sorted into horizontal bands, so that a test
/// looks only at the sides near the point's latitude. Agrees with ``MultiPolygon/contains(_:)``.
struct PreparedArea: Sendable {
  let box: BoundingBox
  private let bandsPerDegree: Double
  private let bandCount: Int
  /// Where each band's sides begin in `sideOf`; one more entry than there are bands.
  private let bandStart: [Int32]
  private let sideOf: [Int32]
  private let from: [Coordinate]
  private let to: [Coordinate]
  private let horizontal: [(Coordinate, Coordinate)]

  /// Nil when the area has no sides.
  init?(_ area: MultiPolygon) {
    guard let box = area.boundingBox else { return nil }
    var from: [Coordinate] = []
    var to: [Coordinate] = []
    var horizontal: [(Coordinate, Coordinate)] = []
    for ring in area.rings {
      for index in 0..<ring.sides {
        let a = ring.positions[index]
        let b = ring.positions[index + 1]
        // No point test counts a horizontal side; whoever lays the sides on a grid needs it.
        guard a.latitude != b.latitude else {
          horizontal.append((a, b))
          continue
        }
        from.append(a)
        to.append(b)
      }
    }
    guard !from.isEmpty else { return nil }
    let count = min(4096, max(1, from.count / 2))
    let height = box.north - box.south
    let perDegree = height > 0 ? Double(count) / height : 0
    func band(_ latitude: Double) -> Int {
      slot((latitude - box.south) * perDegree, of: count)
    }
    // Counting sort: how many sides each band has, then where each begins, then the sides.
    var start = [Int32](repeating: 0, count: count + 1)
    for index in from.indices {
      let low = band(min(from[index].latitude, to[index].latitude))
      let high = band(max(from[index].latitude, to[index].latitude))
      for each in low...high { start[each + 1] += 1 }
    }
    for index in 1...count { start[index] += start[index - 1] }
    var next = start
    var sideOf = [Int32](repeating: 0, count: Int(start[count]))
    for index in from.indices {
      let low = band(min(from[index].latitude, to[index].latitude))
      let high = band(max(from[index].latitude, to[index].latitude))
      for each in low...high {
        sideOf[Int(next[each])] = Int32(index)
        next[each] += 1
      }
    }
    self.box = box
    bandsPerDegree = perDegree
    bandCount = count
    bandStart = start
    self.sideOf = sideOf
    self.from = from
    self.to = to
    self.horizontal = horizontal
  }

  func contains(_ point: Coordinate) -> Bool {
    guard box.contains(point) else { return false }
    let band = slot((point.latitude - box.south) * bandsPerDegree, of: bandCount)
    var odd = false
    var at = Int(bandStart[band])
    let end = Int(bandStart[band + 1])
    while at < end {
      let side = Int(sideOf[at])
      if Ring.side(from[side], to[side], isEastOf: point) { odd.toggle() }
      at += 1
    }
    return odd
  }

  /// Every side, horizontal ones included, for whoever lays it on a grid.
  func forEachSide(_ body: (Coordinate, Coordinate) -> Void) {
    for index in from.indices { body(from[index], to[index]) }
    for (a, b) in horizontal { body(a, b) }
  }
}

/// The whole part of `position`, held within `0..<count`; 0 when it is no number. Monotone, so that
/// the slots of a side's ends enclose the slots of every point on it.
@inline(__always)
func slot(_ position: Double, of count: Int) -> Int {
  guard position > 0 else { return 0 }
  return position < Double(count) ? Int(position) : count - 1
}
