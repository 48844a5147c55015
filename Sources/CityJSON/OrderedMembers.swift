/// Values under unique keys, in the order of first insertion.
struct OrderedMembers<Value> {
  private(set) var keys: [String] = []
  private(set) var values: [Value] = []
  /// Only kept for large objects; small ones are searched. `Hasher` is seeded, so that nobody can
  /// choose keys that collide.
  private var positions: [ExactText: Int]?

  private static var searchedCount: Int { 16 }

  init() {}

  mutating func reserveCapacity(_ count: Int) {
    keys.reserveCapacity(count)
    values.reserveCapacity(count)
  }

  var count: Int { keys.count }

  func position(of key: String) -> Int? {
    if let positions { return positions[ExactText(key)] }
    for index in keys.indices where ExactText.isSame(keys[index], key) { return index }
    return nil
  }

  /// Looks at `guess` and its successor first: readers mostly ask in the order of the document.
  func position(of key: String, guess: Int) -> Int? {
    var index = guess
    while index < min(guess + 2, keys.count) {
      if ExactText.isSame(keys[index], key) { return index }
      index += 1
    }
    return position(of: key)
  }

  /// False when the key is there already; nothing is changed then.
  mutating func append(_ value: Value, forKey key: String) -> Bool {
    if count == Self.searchedCount { index() }
    if positions != nil {
      let (exact, next) = (ExactText(key), count)
      if let taken = positions?.updateValue(next, forKey: exact) {
        positions?[exact] = taken
        return false
      }
    } else if position(of: key) != nil {
      return false
    }
    keys.append(key)
    values.append(value)
    return true
  }

  /// Replaces in place, or appends.
  mutating func set(_ value: Value, forKey key: String) {
    if let position = position(of: key) {
      values[position] = value
    } else {
      _ = append(value, forKey: key)
    }
  }

  mutating func replaceValue(at position: Int, with value: Value) { values[position] = value }

  mutating func remove(_ key: String) -> Value? {
    guard let position = position(of: key) else { return nil }
    keys.remove(at: position)
    let value = values.remove(at: position)
    if positions != nil { index() }
    return value
  }

  /// Orders the members by the bytes of their keys.
  mutating func sort() {
    let order = keys.indices.sorted { ExactText.precedes(keys[$0], keys[$1]) }
    keys = order.map { keys[$0] }
    values = order.map { values[$0] }
    if positions != nil { index() }
  }

  private mutating func index() {
    var fresh: [ExactText: Int] = [:]
    guard count >= Self.searchedCount else {
      positions = nil
      return
    }
    fresh.reserveCapacity(count * 2)
    for position in keys.indices { fresh[ExactText(keys[position])] = position }
    positions = fresh
  }
}

extension OrderedMembers: Sendable where Value: Sendable {}
