import CityCore

/// On which side of the directed line a→b the point c lies: 1 left, -1 right, 0 on it. Exact: a
/// cheap estimate first, and when its error bound does not decide, an expansion without rounding
/// (Shewchuk, "Adaptive precision floating-point arithmetic", 1997). Anything less would let a point
/// near a corner fall between two jurisdictions, or into both.
func orientation(_ a: Coordinate, _ b: Coordinate, _ c: Coordinate) -> Int {
  let left = (a.longitude - c.longitude) * (b.latitude - c.latitude)
  let right = (a.latitude - c.latitude) * (b.longitude - c.longitude)
  let determinant = left - right
  let bound = 3.330_669_073_875_471_6e-16 * (abs(left) + abs(right))
  if determinant > bound { return 1 }
  if -determinant > bound { return -1 }
  return exactOrientation(a, b, c)
}

@inline(never)
private func exactOrientation(_ a: Coordinate, _ b: Coordinate, _ c: Coordinate) -> Int {
  // (a-c)×(b-c) = a×b - a×c - c×b, each product split into a sum of two doubles.
  var sum = Expansion()
  sum.add(a.longitude, b.latitude)
  sum.add(-a.latitude, b.longitude)
  sum.add(-a.longitude, c.latitude)
  sum.add(a.latitude, c.longitude)
  sum.add(-c.longitude, b.latitude)
  sum.add(c.latitude, b.longitude)
  return sum.sign
}

/// A number as an unevaluated sum of doubles that do not overlap, smallest first.
private struct Expansion {
  private var parts: [Double] = []

  /// Adds x·y without rounding.
  mutating func add(_ x: Double, _ y: Double) {
    let product = x * y
    grow((-product).addingProduct(x, y))
    grow(product)
  }

  /// Shewchuk's GROW-EXPANSION.
  private mutating func grow(_ value: Double) {
    var carry = value
    var out: [Double] = []
    out.reserveCapacity(parts.count + 1)
    for part in parts {
      let sum = carry + part
      let virtual = sum - carry
      let rest = (carry - (sum - virtual)) + (part - virtual)
      if rest != 0 { out.append(rest) }
      carry = sum
    }
    if carry != 0 { out.append(carry) }
    parts = out
  }

  /// The largest part outweighs all others together.
  var sign: Int {
    guard let last = parts.last else { return 0 }
    return last > 0 ? 1 : -1
  }
}
