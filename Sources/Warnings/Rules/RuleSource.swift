import CityCore
public import CityJSON

/// Rules as they were read from a pack: a tree, and where its parts stand in the files.
public struct RuleSource: Sendable {
  /// Where something was written. Lines count from 1.
  public struct Position: Hashable, Sendable {
    public let file: String
    public let line: Int
    public init(file: String, line: Int) {
      self.file = file
      self.line = line
    }
  }

  /// An array of rules, or an object with one under `rules`.
  public let value: JSONValue
  /// The position of the value that a JSON Pointer names; nil when it is not known.
  public let position: @Sendable (_ pointer: String) -> Position?

  public init(
    value: JSONValue, position: @escaping @Sendable (_ pointer: String) -> Position? = { _ in nil }
  ) {
    self.value = value
    self.position = position
  }
}

/// A value of the tree that knows its way from the root, collects what is wrong below it, and marks
/// which members were looked at, so that the others can be told as unknown.
struct RuleNode {
  let value: JSONValue
  /// JSON Pointer from the root of the source.
  let pointer: String
  /// The way from the rule, for people: `steps[0].raise`.
  let path: String

  func member(_ key: String) -> RuleNode {
    // Unknown keys are the writer's own and may be anything.
    let shown = key.utf8.count <= 64 ? key : String(key.prefix(40)) + "…"
    return RuleNode(
      value: value[key] ?? .null, pointer: "\(pointer)/\(Self.escaped(key))",
      path: path.isEmpty ? shown : "\(path).\(shown)")
  }

  var elements: [RuleNode] {
    (value.arrayValue ?? []).enumerated().map { index, each in
      RuleNode(value: each, pointer: "\(pointer)/\(index)", path: "\(path)[\(index)]")
    }
  }

  /// RFC 6901.
  private static func escaped(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return key }
    return key.reduce(into: "") { out, character in
      switch character {
      case "~": out += "~0"
      case "/": out += "~1"
      default: out.append(character)
      }
    }
  }

  func has(_ key: String) -> Bool { value[key].map { !$0.isNull } ?? false }
}

/// Where faults go while a tree is read.
struct RuleFaults {
  let source: RuleSource
  private(set) var list: [Problem.Fault] = []
  /// Nobody reads more; a pack could have hundreds of thousands.
  static let told = 200

  init(source: RuleSource) { self.source = source }

  mutating func add(_ node: RuleNode, _ reason: String) {
    guard list.count < Self.told else { return }
    // What is missing has no position of its own: its nearest parent has.
    var pointer = node.pointer
    var position = source.position(pointer)
    while position == nil, let cut = pointer.lastIndex(of: "/") {
      pointer = String(pointer[..<cut])
      position = source.position(pointer)
    }
    let path = node.path.isEmpty ? "rule" : node.path
    guard let position else {
      list.append(.init(at: node.pointer, reason: reason))
      return
    }
    list.append(.init(at: "\(position.file):\(position.line): \(path)", reason: reason))
  }

  // MARK: - Values

  mutating func text(_ node: RuleNode, limit: Int) -> String? {
    guard let text = node.value.stringValue, !text.isEmpty, text.utf8.count <= limit else {
      add(node, "must be a text of 1...\(limit) bytes")
      return nil
    }
    return text
  }

  mutating func label(_ node: RuleNode, limit: Int) -> Label? {
    guard node.value.objectValue != nil else {
      add(node, "must be {zh, en}")
      return nil
    }
    known(node, ["zh", "en"])
    guard let zh = text(node.member("zh"), limit: limit),
      let en = text(node.member("en"), limit: limit)
    else { return nil }
    return Label(zh: zh, en: en)
  }

  mutating func number(_ node: RuleNode) -> Double? {
    guard let number = node.value.doubleValue, number.isFinite else {
      add(node, "must be a number")
      return nil
    }
    return number
  }

  mutating func choice<Value: RawRepresentable & CaseIterable>(
    _ node: RuleNode, _ type: Value.Type
  ) -> Value? where Value.RawValue == String {
    guard let known = node.value.stringValue.flatMap(Value.init(rawValue:)) else {
      let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
      add(node, "must be one of \(names)")
      return nil
    }
    return known
  }

  /// Whole seconds, or a number with `s`, `m`, `h` or `d`.
  mutating func duration(_ node: RuleNode, _ bounds: ClosedRange<Duration64>) -> Duration64? {
    guard let duration = RuleDuration.parse(node.value), bounds.contains(duration) else {
      let low = RuleDuration.text(bounds.lowerBound)
      let high = RuleDuration.text(bounds.upperBound)
      add(node, "must be a duration such as 90s, 5m, 2h or 1d, \(low)...\(high)")
      return nil
    }
    return duration
  }

  mutating func texts<Value>(
    _ node: RuleNode, _ wanted: String, _ make: (String) -> Value?
  ) -> [Value] {
    guard !node.value.isNull else { return [] }
    guard node.value.arrayValue != nil else {
      add(node, "must be a list")
      return []
    }
    var out: [Value] = []
    for each in node.elements {
      if let value = each.value.stringValue.flatMap(make) {
        out.append(value)
      } else {
        add(each, "must be \(wanted)")
      }
    }
    return out
  }

  mutating func known(_ node: RuleNode, _ keys: [String]) {
    for key in node.value.objectValue?.keys ?? [] where !keys.contains(key) {
      add(node.member(key), "is not a known key; known are \(keys.joined(separator: ", "))")
    }
  }
}

/// Spans of time as people write them.
enum RuleDuration {
  static func parse(_ value: JSONValue) -> Duration64? {
    if let seconds = value.intValue {
      return (0...31_536_000).contains(seconds) ? .seconds(seconds) : nil
    }
    guard let text = value.stringValue, let unit = text.last,
      let amount = Int64(text.dropLast()), (0...31_536_000).contains(amount)
    else { return nil }
    switch unit {
    case "s": return .seconds(amount)
    case "m": return .minutes(amount)
    case "h": return .hours(amount)
    case "d": return .days(amount)
    default: return nil
    }
  }

  static func text(_ duration: Duration64) -> String {
    let seconds = duration.microseconds / 1_000_000
    for (unit, size) in [("d", 86_400), ("h", 3600), ("m", 60)] as [(String, Int64)]
    where seconds > 0 && seconds % size == 0 {
      return "\(seconds / size)\(unit)"
    }
    return "\(seconds)s"
  }
}
