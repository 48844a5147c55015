/// The clock as a value that is handed in. Ranks 0-2 never ask the system for the time.
public protocol Clock64: Sendable {
  func now() -> UTCTime
}

/// Randomness as a value that is handed in.
public protocol RandomSource: Sendable {
  mutating func next() -> UInt64
}

/// A fast seeded generator (SplitMix64) for simulations, tests and everything that is no secret.
public struct SeededRandom: RandomSource, RandomNumberGenerator {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The operating system's generator, for ids and secrets. Used by ranks 3 and above only.
public struct SystemRandom: RandomSource {
  private var generator = SystemRandomNumberGenerator()
  public init() {}
  public mutating func next() -> UInt64 { generator.next() }
}

extension RandomSource {
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var out: [UInt8] = []
    out.reserveCapacity(count + 7)
    while out.count < count {
      let word = next()
      for shift in stride(from: 0, to: 64, by: 8) {
        out.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
      }
    }
    return Array(out.prefix(count))
  }

  /// Uniform in `0..<bound`; `bound` of 0 gives 0.
  public mutating func below(_ bound: Int) -> Int {
    guard bound > 1 else { return 0 }
    return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
  }
}

/// Makes keys that sort by time: 48 bits of milliseconds and 80 random bits in Crockford's base 32,
/// lower case, 26 characters (the ULID layout).
public enum SortableKey {
  private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
  public static func make(now: UTCTime, random: inout some RandomSource) -> String {
    var out = [UInt8](repeating: 0x30, count: 26)
    var time = UInt64(bitPattern: max(0, now.milliseconds))
    for index in stride(from: 9, through: 0, by: -1) {
      out[index] = alphabet[Int(time & 31)]
      time >>= 5
    }
    let high = random.next()
    let low = random.next()
    for index in 0..<8 { out[10 + index] = alphabet[Int(high >> UInt64(5 * index) & 31)] }
    for index in 0..<8 { out[18 + index] = alphabet[Int(low >> UInt64(5 * index) & 31)] }
    return String(decoding: out, as: UTF8.self)
  }
}
