/// SipHash-2-4 with 128 bits of output. With a fixed key the same bytes give the same hash in every
/// process and version: for entity tags and fingerprints of requests; that protects nobody from
/// somebody who wants two inputs to collide. With a secret key it does.
public struct StableHash: Sendable {
  private var v0: UInt64 = 0x736F_6D65_7073_6575
  private var v1: UInt64 = 0x646F_7261_6E64_6F6D ^ 0xEE
  private var v2: UInt64 = 0x6C79_6765_6E65_7261
  private var v3: UInt64 = 0x7465_6462_7974_6573
  private var tail: UInt64 = 0
  private var tailCount = 0
  private var total: UInt64 = 0

  /// - Parameters: two halves of the key, as little-endian words.
  public init(key0: UInt64 = 0, key1: UInt64 = 0) {
    v0 ^= key0
    v1 ^= key1
    v2 ^= key0
    v3 ^= key1
  }

  /// Adds bytes. Where one call ends and the next begins does not matter.
  public mutating func update(_ bytes: some Sequence<UInt8>) {
    let done: Void? = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) }
    guard done == nil else { return }
    for byte in bytes { append(byte) }
  }

  /// Adds a text with its length, so that `("ab", "c")` and `("a", "bc")` differ.
  public mutating func update(framed text: some StringProtocol) {
    withUnsafeBytes(of: UInt64(text.utf8.count).littleEndian) { update($0) }
    for byte in text.utf8 { append(byte) }
  }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    var index = 0
    while tailCount != 0, index < bytes.count {
      append(bytes[index])
      index += 1
    }
    while bytes.count - index >= 8 {
      let word = UInt64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      compress(word)
      total &+= 8
      index += 8
    }
    while index < bytes.count {
      append(bytes[index])
      index += 1
    }
  }

  /// The sixteen bytes of the hash, in the order of the reference implementation.
  public consuming func finish() -> [UInt8] {
    let (low, high) = finishWords()
    return [low, high].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
  }

  /// The same as two little-endian words.
  public consuming func finishWords() -> (low: UInt64, high: UInt64) {
    compress(tail | (total & 0xFF) << 56)
    v2 ^= 0xEE
    for _ in 0..<4 { round() }
    let low = v0 ^ v1 ^ v2 ^ v3
    v1 ^= 0xDD
    for _ in 0..<4 { round() }
    let high = v0 ^ v1 ^ v2 ^ v3
    return (low, high)
  }

  private mutating func append(_ byte: UInt8) {
    tail |= UInt64(byte) << UInt64(8 * tailCount)
    tailCount += 1
    total &+= 1
    guard tailCount == 8 else { return }
    compress(tail)
    tail = 0
    tailCount = 0
  }

  private mutating func compress(_ word: UInt64) {
    v3 ^= word
    round()
    round()
    v0 ^= word
  }

  private mutating func round() {
    v0 &+= v1
    v1 = Self.rotate(v1, 13) ^ v0
    v0 = Self.rotate(v0, 32)
    v2 &+= v3
    v3 = Self.rotate(v3, 16) ^ v2
    v0 &+= v3
    v3 = Self.rotate(v3, 21) ^ v0
    v2 &+= v1
    v1 = Self.rotate(v1, 17) ^ v2
    v2 = Self.rotate(v2, 32)
  }

  private static func rotate(_ word: UInt64, _ count: UInt64) -> UInt64 {
    word << count | word >> (64 - count)
  }
}
