/// Numbers texts by their first appearance, from 0, so that rows can carry numbers and a text
/// that comes again costs no allocation.
public struct TextTable: Sendable {
  /// Every text once, in the order of its number.
  public private(set) var texts: [String] = []
  private var bytes: [[UInt8]] = []
  /// Open addressing, at most half full: 0 is free, others are number + 1.
  private var slots: [Int32] = []
  private var last = -1

  /// A table without texts.
  public init() { slots = [Int32](repeating: 0, count: 64) }

  /// How many different texts were numbered.
  public var count: Int { texts.count }

  /// The text with that number.
  public subscript(number: Int) -> String { texts[number] }

  /// The number of a text given as valid UTF-8. Batches mostly repeat the text of the row before,
  /// which is looked at first.
  public mutating func number(of text: UnsafeBufferPointer<UInt8>) -> Int {
    if last >= 0, Self.isSame(bytes[last], text) { return last }
    var slot = Self.hash(text) & (slots.count - 1)
    while slots[slot] != 0 {
      let number = Int(slots[slot]) - 1
      if Self.isSame(bytes[number], text) {
        last = number
        return number
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    last = texts.count
    texts.append(String(decoding: text, as: UTF8.self))
    bytes.append(Array(text))
    slots[slot] = Int32(texts.count)
    if texts.count * 2 > slots.count { grow() }
    return last
  }

  private mutating func grow() {
    slots = [Int32](repeating: 0, count: slots.count * 4)
    for (number, text) in bytes.enumerated() {
      var slot = text.withUnsafeBufferPointer { Self.hash($0) } & (slots.count - 1)
      while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
      slots[slot] = Int32(number + 1)
    }
  }

  /// Seeded by the process: nobody outside can choose texts that collide. Numbers do not depend
  /// on it.
  private static func hash(_ text: UnsafeBufferPointer<UInt8>) -> Int {
    var hasher = Hasher()
    hasher.combine(bytes: UnsafeRawBufferPointer(text))
    return hasher.finalize() & .max
  }

  @inline(__always)
  private static func isSame(_ known: [UInt8], _ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard known.count == text.count else { return false }
    return known.withUnsafeBufferPointer { known in
      for index in 0..<text.count where known[index] != text[index] { return false }
      return true
    }
  }
}
