/// Values that one piece of work writes many times and looks at as often: they are kept here and put
/// into the file once, at the end of the piece. Whoever reads the file in another way reads it before
/// the piece or after it.
struct WriteBehind<Key: Hashable, Value> {
  private var known: [Key: Value] = [:]
  private var unwritten: [Key] = []

  subscript(key: Key) -> Value? { known[key] }

  /// Takes note of what the file says.
  mutating func remember(_ value: Value, _ key: Key) { known[key] = value }

  /// To be written when the piece ends.
  mutating func put(_ value: Value, _ key: Key) {
    known[key] = value
    if !unwritten.contains(key) { unwritten.append(key) }
  }

  /// What is to be written now, in the order of first writing.
  mutating func take() -> [(key: Key, value: Value)] {
    defer { unwritten.removeAll(keepingCapacity: true) }
    return unwritten.compactMap { key in known[key].map { (key: key, value: $0) } }
  }

  /// The file is the truth again.
  mutating func forget() {
    known.removeAll(keepingCapacity: true)
    unwritten.removeAll(keepingCapacity: true)
  }
}
