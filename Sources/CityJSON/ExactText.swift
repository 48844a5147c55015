/// Keys of JSON objects are equal when their bytes are (RFC 8259, 8.3). Swift's `==` also takes
/// canonically equivalent texts for equal, which would let two readers see different objects.
struct ExactText: Hashable {
  let text: String

  init(_ text: String) { self.text = text }

  static func == (a: ExactText, b: ExactText) -> Bool { isSame(a.text, b.text) }

  func hash(into hasher: inout Hasher) {
    let done: Void? = text.utf8.withContiguousStorageIfAvailable {
      hasher.combine(bytes: UnsafeRawBufferPointer($0))
    }
    if done == nil { for byte in text.utf8 { hasher.combine(byte) } }
  }

  @inline(__always)
  static func isSame(_ a: String, _ b: String) -> Bool {
    guard a.utf8.count == b.utf8.count else { return false }
    let same = a.utf8.withContiguousStorageIfAvailable { first in
      b.utf8.withContiguousStorageIfAvailable { second in
        for index in 0..<first.count where first[index] != second[index] { return false }
        return true
      }
    }
    if let done = same, let answer = done { return answer }
    return a.utf8.elementsEqual(b.utf8)
  }

  /// By bytes, so that the order is the same in every process and locale.
  static func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}
