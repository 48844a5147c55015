import CityCore
import CityJSON
import Operations
import Warnings
import Yams

/// Reads YAML into a tree that knows the lines it came from.
struct YAMLTree: TreeReader {
  func tree(file: String, text: String) throws(Problem) -> RuleSource {
    let root = try YAMLText.compose(file: file, text: text)
    var positions = Positions()
    let value = try root.map { (root) throws(Problem) in
      try Self.value(root, pointer: "", file: file, depth: 0, positions: &positions)
    }
    let found = positions.lines
    return RuleSource(value: value ?? .null) { pointer in
      var pointer = Substring(pointer)
      while true {
        if let line = found[String(pointer)] {
          return RuleSource.Position(file: file, line: line)
        }
        guard let cut = pointer.lastIndex(of: "/") else { return nil }
        pointer = pointer[..<cut]
      }
    }
  }

  /// Where everything stands, by JSON Pointer. A long key is written once and stands in the pointer
  /// of all that is below it, so what counts is what the pointers take together.
  private struct Positions {
    static let maximumBytes = 32 << 20
    private(set) var lines: [String: Int] = [:]
    private var bytes = 0

    /// - Returns: false when there is no room.
    mutating func note(_ pointer: String, _ line: Int) -> Bool {
      bytes += pointer.utf8.count + 32
      guard bytes <= Self.maximumBytes else { return false }
      lines[pointer] = line
      return true
    }
  }

  private static func value(
    _ node: Yams.Node, pointer: String, file: String, depth: Int, positions: inout Positions
  ) throws(Problem) -> JSONValue {
    let line = node.mark?.line ?? 1
    func fault(_ reason: String) -> Problem {
      Problem(
        .invalid, "\(file) is faulty", faults: [.init(at: "\(file):\(line)", reason: reason)])
    }
    guard depth < Limits.jsonDepth, positions.note(pointer, line) else {
      throw fault("is too deep or too large")
    }
    switch node {
    case .scalar(let scalar): return self.scalar(scalar)
    case .sequence(let sequence):
      var items: [JSONValue] = []
      for (index, item) in sequence.enumerated() {
        items.append(
          try value(
            item, pointer: "\(pointer)/\(index)", file: file, depth: depth + 1,
            positions: &positions))
      }
      return .array(items)
    case .mapping(let mapping):
      var object = JSONObject()
      for (key, item) in mapping {
        guard let name = key.scalar?.string else { throw fault("has a key that is no text") }
        let escaped = name.replacing("~", with: "~0").replacing("/", with: "~1")
        let inner = try value(
          item, pointer: "\(pointer)/\(escaped)", file: file, depth: depth + 1,
          positions: &positions)
        guard object.append(inner, forKey: name) else { throw fault("\(name) stands twice") }
      }
      return .object(object)
    case .alias: throw fault("aliases are not taken")
    }
  }

  private static func scalar(_ scalar: Yams.Node.Scalar) -> JSONValue {
    guard scalar.style == .plain || scalar.style == .any else { return .string(scalar.string) }
    switch scalar.string {
    case "", "~", "null": return .null
    case "true": return .bool(true)
    case "false": return .bool(false)
    default: break
    }
    // `0101` is a class code, not eight times eight and one.
    let digits = scalar.string.drop { $0 == "-" }
    let isCode = digits.count > 1 && digits.first == "0" && !digits.contains(".")
    if !isCode, let number = Int64(scalar.string) { return .int(number) }
    if !isCode, let number = Double(scalar.string), number.isFinite { return .double(number) }
    return .string(scalar.string)
  }
}
