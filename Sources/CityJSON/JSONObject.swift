/// The members of a JSON object in their order, with unique keys.
///
/// Keys are compared by their bytes. Two objects are equal when they have the same members; the
/// order does not count. Looking up a key takes constant time in large objects.
public struct JSONObject: Sendable {
  // One reference, so that a `JSONValue` stays as small as a `String`.
  private var storage: Storage

  // Safe: shared between copies, and changed only by `change`, which makes sure that it is not.
  private final class Storage: @unchecked Sendable {
    var members: OrderedMembers<JSONValue>
    init(_ members: OrderedMembers<JSONValue>) { self.members = members }
  }

  /// What every empty object shares: millions of `{}` in a hostile document allocate nothing.
  private static let nothing = Storage(OrderedMembers())

  /// An object without members.
  public init() { storage = Self.nothing }

  init(_ members: OrderedMembers<JSONValue>) {
    storage = members.count == 0 ? Self.nothing : Storage(members)
  }

  /// Of several members with one key, the last counts.
  public init(_ members: some Sequence<(String, JSONValue)>) {
    var built = OrderedMembers<JSONValue>()
    for (key, value) in members { built.set(value, forKey: key) }
    self.init(built)
  }

  func position(of key: String, guess: Int) -> Int? {
    storage.members.position(of: key, guess: guess)
  }

  func value(at position: Int) -> JSONValue { storage.members.values[position] }

  private mutating func change<Result>(
    _ body: (inout OrderedMembers<JSONValue>) -> Result
  ) -> Result {
    if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.members) }
    return body(&storage.members)
  }

  /// How many members there are.
  public var count: Int { storage.members.count }
  /// Whether there is no member.
  public var isEmpty: Bool { count == 0 }
  /// The keys, in order.
  public var keys: [String] { storage.members.keys }
  /// The values, in the order of ``keys``.
  public var values: [JSONValue] { storage.members.values }

  /// The value of a member, nil when there is none. Setting replaces in place or appends; setting
  /// nil removes.
  public subscript(key: String) -> JSONValue? {
    get { storage.members.position(of: key).map { storage.members.values[$0] } }
    set {
      change { members in
        if let newValue {
          members.set(newValue, forKey: key)
        } else {
          _ = members.remove(key)
        }
      }
    }
  }

  /// Appends a member. False, and nothing is changed, when the key is there already.
  public mutating func append(_ value: JSONValue, forKey key: String) -> Bool {
    change { $0.append(value, forKey: key) }
  }

  /// Removes a member and returns its value.
  @discardableResult
  public mutating func remove(_ key: String) -> JSONValue? { change { $0.remove(key) } }

  /// Orders the members by the bytes of their keys.
  public mutating func sort() { change { $0.sort() } }
}

extension JSONObject: Hashable {
  public static func == (a: JSONObject, b: JSONObject) -> Bool {
    if a.storage === b.storage { return true }
    guard a.count == b.count else { return false }
    for (index, (key, value)) in a.enumerated() {
      guard let other = b.position(of: key, guess: index), b.value(at: other) == value
      else { return false }
    }
    return true
  }

  public func hash(into hasher: inout Hasher) {
    var sum = 0
    for (key, value) in self {
      var member = Hasher()
      member.combine(ExactText(key))
      member.combine(value)
      sum ^= member.finalize()
    }
    hasher.combine(count)
    hasher.combine(sum)
  }
}

extension JSONObject: RandomAccessCollection {
  public var startIndex: Int { 0 }
  public var endIndex: Int { count }
  public subscript(position: Int) -> (key: String, value: JSONValue) {
    (storage.members.keys[position], storage.members.values[position])
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  /// Of several members with one key, the last counts.
  public init(dictionaryLiteral members: (String, JSONValue)...) { self.init(members) }
}
