/// A QR code (ISO/IEC 18004) of bytes, with the lowest correction of errors: it is read from a
/// screen. Versions 1 to 15, which is up to 520 bytes.
struct QRCode {
  private(set) var size: Int
  private var dark: [Bool]
  /// Finders, timing, format and the like, which carry no data.
  private var isFixed: [Bool]

  private static let corrections = [7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22]
  private static let blocks = [1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6]

  /// Nil for more bytes than fit.
  init?(_ bytes: [UInt8]) {
    func fits(_ version: Int) -> Bool {
      4 + (version < 10 ? 8 : 16) + 8 * bytes.count <= 8 * Self.dataLength(version)
    }
    guard let version = (1...Self.blocks.count).first(where: fits) else { return nil }
    size = 17 + 4 * version
    dark = [Bool](repeating: false, count: size * size)
    isFixed = dark
    drawPatterns(version)
    drawData(Self.codewords(bytes, version))
    let candidates = (0..<8).map { mask -> QRCode in
      var copy = self
      copy.apply(mask)
      return copy
    }
    // The first of the best, as every encoder does.
    self = candidates.min { $0.penalty < $1.penalty } ?? self
  }

  subscript(x: Int, y: Int) -> Bool { dark[y * size + x] }

  // MARK: - Codewords

  /// Codewords of data and correction together.
  private static func length(_ version: Int) -> Int {
    var modules = (16 * version + 128) * version + 64
    if version >= 2 {
      let marks = version / 7 + 2
      modules -= (25 * marks - 10) * marks - 55
      if version >= 7 { modules -= 36 }
    }
    return modules / 8
  }

  private static func dataLength(_ version: Int) -> Int {
    length(version) - corrections[version - 1] * blocks[version - 1]
  }

  private static func codewords(_ bytes: [UInt8], _ version: Int) -> [UInt8] {
    var bits: [Bool] = []
    func append(_ value: Int, _ count: Int) {
      for shift in (0..<count).reversed() { bits.append(value >> shift & 1 == 1) }
    }
    append(0b0100, 4)
    append(bytes.count, version < 10 ? 8 : 16)
    for byte in bytes { append(Int(byte), 8) }
    let room = dataLength(version) * 8
    append(0, min(4, room - bits.count))
    append(0, (8 - bits.count % 8) % 8)
    var isFirst = true
    while bits.count < room {
      append(isFirst ? 0xEC : 0x11, 8)
      isFirst.toggle()
    }
    let data = stride(from: 0, to: room, by: 8).map { start in
      bits[start..<(start + 8)].reduce(UInt8(0)) { $0 << 1 | ($1 ? 1 : 0) }
    }
    return interleaved(data, version)
  }

  /// Blocks one codeword of each in turn, then their corrections likewise.
  private static func interleaved(_ data: [UInt8], _ version: Int) -> [UInt8] {
    let (count, extra) = (blocks[version - 1], corrections[version - 1])
    let divisor = ReedSolomon.divisor(extra)
    let short = data.count / count
    let longFrom = count - data.count % count
    var parts: [[UInt8]] = []
    var start = 0
    for index in 0..<count {
      let end = start + short + (index < longFrom ? 0 : 1)
      parts.append(Array(data[start..<end]))
      start = end
    }
    let checks = parts.map { ReedSolomon.remainder($0, divisor) }
    var out: [UInt8] = []
    for index in 0...short { out += parts.filter { index < $0.count }.map { $0[index] } }
    for index in 0..<extra { out += checks.map { $0[index] } }
    return out
  }

  // MARK: - Drawing

  private mutating func fix(_ x: Int, _ y: Int, _ isDark: Bool) {
    guard (0..<size).contains(x), (0..<size).contains(y) else { return }
    dark[y * size + x] = isDark
    isFixed[y * size + x] = true
  }

  private mutating func drawPatterns(_ version: Int) {
    for index in 0..<size {
      fix(6, index, index % 2 == 0)
      fix(index, 6, index % 2 == 0)
    }
    for (x, y) in [(3, 3), (size - 4, 3), (3, size - 4)] {
      for dy in -4...4 {
        for dx in -4...4 {
          let distance = max(abs(dx), abs(dy))
          fix(x + dx, y + dy, distance != 2 && distance != 4)
        }
      }
    }
    let marks = Self.marks(version, size)
    for (i, x) in marks.enumerated() {
      for (j, y) in marks.enumerated() {
        let last = marks.count - 1
        if (i, j) == (0, 0) || (i, j) == (0, last) || (i, j) == (last, 0) { continue }
        for dy in -2...2 {
          for dx in -2...2 { fix(x + dx, y + dy, max(abs(dx), abs(dy)) != 1) }
        }
      }
    }
    drawFormat(0)
    guard version >= 7 else { return }
    var rest = version
    for _ in 0..<12 { rest = rest << 1 ^ (rest >> 11) * 0x1F25 }
    let bits = version << 12 | rest
    for index in 0..<18 {
      let (a, b) = (size - 11 + index % 3, index / 3)
      fix(a, b, bits >> index & 1 == 1)
      fix(b, a, bits >> index & 1 == 1)
    }
  }

  private static func marks(_ version: Int, _ size: Int) -> [Int] {
    guard version > 1 else { return [] }
    let count = version / 7 + 2
    let step = (version * 8 + count * 3 + 5) / (count * 4 - 4) * 2
    return [6] + (0..<(count - 1)).reversed().map { size - 7 - $0 * step }
  }

  private mutating func drawFormat(_ mask: Int) {
    let data = 0b01 << 3 | mask
    var rest = data
    for _ in 0..<10 { rest = rest << 1 ^ (rest >> 9) * 0x537 }
    let bits = (data << 10 | rest) ^ 0x5412
    func bit(_ index: Int) -> Bool { bits >> index & 1 == 1 }
    for index in 0..<6 { fix(8, index, bit(index)) }
    fix(8, 7, bit(6))
    fix(8, 8, bit(7))
    fix(7, 8, bit(8))
    for index in 9..<15 { fix(14 - index, 8, bit(index)) }
    for index in 0..<8 { fix(size - 1 - index, 8, bit(index)) }
    for index in 8..<15 { fix(8, size - 15 + index, bit(index)) }
    fix(8, size - 8, true)
  }

  /// Upwards and downwards in columns of two, from the right.
  private mutating func drawData(_ words: [UInt8]) {
    var index = 0
    for right in stride(from: size - 1, through: 1, by: -2) {
      // The column of the timing pattern is left out.
      let right = right <= 6 ? right - 1 : right
      for step in 0..<size {
        let y = (right + 1) & 2 == 0 ? size - 1 - step : step
        for x in [right, right - 1] where !isFixed[y * size + x] && index < words.count * 8 {
          dark[y * size + x] = words[index >> 3] >> (7 - (index & 7)) & 1 == 1
          index += 1
        }
      }
    }
  }

  private mutating func apply(_ mask: Int) {
    for y in 0..<size {
      for x in 0..<size where !isFixed[y * size + x] {
        let flips =
          switch mask {
          case 0: (x + y) % 2 == 0
          case 1: y % 2 == 0
          case 2: x % 3 == 0
          case 3: (x + y) % 3 == 0
          case 4: (x / 3 + y / 2) % 2 == 0
          case 5: x * y % 2 + x * y % 3 == 0
          case 6: (x * y % 2 + x * y % 3) % 2 == 0
          default: ((x + y) % 2 + x * y % 3) % 2 == 0
          }
        if flips { dark[y * size + x].toggle() }
      }
    }
    drawFormat(mask)
  }

  /// How hard the pattern is to read: long runs, squares, what looks like a finder, imbalance.
  private var penalty: Int {
    var sum = 0
    for line in 0..<size {
      sum += Self.penalty((0..<size).map { self[$0, line] })
      sum += Self.penalty((0..<size).map { self[line, $0] })
    }
    for y in 0..<(size - 1) {
      for x in 0..<(size - 1)
      where self[x, y] == self[x + 1, y] && self[x, y] == self[x, y + 1]
        && self[x, y] == self[x + 1, y + 1]
      {
        sum += 3
      }
    }
    let count = dark.count(where: \.self)
    let percent = count * 100 / dark.count
    return sum + min(abs(percent - percent % 5 - 50), abs(percent - percent % 5 + 5 - 50)) / 5 * 10
  }

  private static let finder = [true, false, true, true, true, false, true]

  private static func penalty(_ line: [Bool]) -> Int {
    var sum = 0
    var run = 1
    for index in 1...line.count {
      if index < line.count, line[index] == line[index - 1] {
        run += 1
      } else {
        if run >= 5 { sum += run - 2 }
        run = 1
      }
    }
    func isLight(_ range: Range<Int>) -> Bool {
      range.allSatisfy { !line.indices.contains($0) || !line[$0] }
    }
    for start in 0...(line.count - 7) where Array(line[start..<(start + 7)]) == finder {
      if isLight((start - 4)..<start) || isLight((start + 7)..<(start + 11)) { sum += 40 }
    }
    return sum
  }
}

/// Error correction over the field of 256 elements.
private enum ReedSolomon {
  static func divisor(_ degree: Int) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: degree)
    out[degree - 1] = 1
    var root: UInt8 = 1
    for _ in 0..<degree {
      for index in 0..<degree {
        out[index] = times(out[index], root)
        if index + 1 < degree { out[index] ^= out[index + 1] }
      }
      root = times(root, 2)
    }
    return out
  }

  static func remainder(_ data: [UInt8], _ divisor: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: divisor.count)
    for byte in data {
      let factor = byte ^ out.removeFirst()
      out.append(0)
      for index in out.indices { out[index] ^= times(divisor[index], factor) }
    }
    return out
  }

  private static func times(_ a: UInt8, _ b: UInt8) -> UInt8 {
    var product = 0
    for shift in (0..<8).reversed() {
      product = product << 1 ^ (product >> 7) * 0x11D
      if b >> shift & 1 == 1 { product ^= Int(a) }
    }
    return UInt8(truncatingIfNeeded: product)
  }
}
