/// Texts by number and numbers by text, without making a `String` to look one up: open addressing
/// over an arena of UTF-8 bytes. Numbers count from 0 in order of insertion and never change.
///
/// Only what administrators register is inserted, so that the hash needs no secret.
struct ByteTable: Sendable {
  private var arena: [UInt8] = []
  /// Where each text begins; one more than there are texts.
  private var starts: [Int32] = [0]
  /// Number of a text, or -1. A power of two, at most half full.
  private var slots: [Int32] = [Int32](repeating: -1, count: 16)

  var count: Int { starts.count - 1 }

  /// The number of the text, or -1.
  func find(_ text: String) -> Int32 {
    var text = text
    return text.withUTF8 { find($0) }
  }

  func find(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: Self.hash(bytes)) & mask
    while true {
      let number = slots[slot]
      if number < 0 || isEqual(number, bytes) { return number }
      slot = (slot + 1) & mask
    }
  }

  /// The number of the text, new or old.
  mutating func insert(_ text: String) -> Int {
    var text = text
    let known = text.withUTF8 { find($0) }
    if known >= 0 { return Int(known) }
    let number = Int32(count)
    arena.append(contentsOf: text.utf8)
    starts.append(Int32(arena.count))
    if count * 2 > slots.count { grow() } else { place(number) }
    return Int(number)
  }

  func text(_ number: Int) -> String {
    String(decoding: arena[Int(starts[number])..<Int(starts[number + 1])], as: UTF8.self)
  }

  private func isEqual(_ number: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    let start = Int(starts[Int(number)])
    guard Int(starts[Int(number) + 1]) - start == bytes.count else { return false }
    var index = 0
    while index < bytes.count {
      if arena[start + index] != bytes[index] { return false }
      index += 1
    }
    return true
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for number in 0..<count { place(Int32(number)) }
  }

  private mutating func place(_ number: Int32) {
    let start = Int(starts[Int(number)])
    let end = Int(starts[Int(number) + 1])
    let hash = arena.withUnsafeBufferPointer { all in
      Self.hash(UnsafeBufferPointer(rebasing: all[start..<end]))
    }
    let mask = slots.count - 1
    var slot = Int(truncatingIfNeeded: hash) & mask
    while slots[slot] >= 0 { slot = (slot + 1) & mask }
    slots[slot] = number
  }

  /// Eight bytes at a time, folded by a full multiplication; the tail byte by byte.
  private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    var hash: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(bytes.count)
    let raw = UnsafeRawBufferPointer(bytes)
    var at = 0
    while at + 8 <= raw.count {
      hash = mixed(hash ^ raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var tail: UInt64 = 0
    while at < raw.count {
      tail = tail << 8 | UInt64(raw[at])
      at += 1
    }
    return mixed(hash ^ tail)
  }

  @inline(__always) private static func mixed(_ value: UInt64) -> UInt64 {
    let product = value.multipliedFullWidth(by: 0xD6E8_FEB8_6659_FD93)
    return product.high ^ product.low
  }
}
