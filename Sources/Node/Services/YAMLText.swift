import CityCore
import Yams

/// YAML as others write it: read without aliases, and within bounds.
///
/// The parser expands aliases before anybody can refuse them, and compares keys whole: a few hundred
/// bytes of aliases of aliases used as a key would keep it busy for ever. So they are found in the
/// text, before it is parsed.
enum YAMLText {
  /// Bytes of one file.
  static let maximumBytes = 4 << 20

  /// The root; nil for a text without one.
  /// - Throws: ``Problem`` `invalid`, the fault naming the file, and the line where it is known.
  static func compose(file: String, text: String) throws(Problem) -> Yams.Node? {
    guard text.utf8.count <= maximumBytes else {
      throw Problem(.tooLarge, "\(file) may have \(maximumBytes) bytes")
    }
    if let alias = firstAlias(Array(text.utf8)) {
      throw fault(file, "\(file):\(alias.line)", "aliases are not taken (*\(alias.name))")
    }
    do { return try Yams.compose(yaml: text) } catch {
      throw fault(file, file, "is no YAML: \(firstLine("\(error)"))")
    }
  }

  private static func fault(_ file: String, _ at: String, _ reason: String) -> Problem {
    Problem(.invalid, "\(file) is faulty", faults: [.init(at: at, reason: reason)])
  }

  private static func firstLine(_ text: String) -> String {
    String(text.split(separator: "\n").first ?? "cannot be read")
  }

  /// The first `*name` for which an `&name` stands before it, both where a token may begin. A text in
  /// quotes that holds such a pair is refused as well; without the pair the parser refuses an alias.
  private static func firstAlias(_ bytes: [UInt8]) -> (name: String, line: Int)? {
    var anchors: Set<ArraySlice<UInt8>> = []
    var line = 1
    var at = 0
    while at < bytes.count {
      defer { at += 1 }
      let byte = bytes[at]
      if byte == 0x0A { line += 1 }
      guard byte == 0x26 || byte == 0x2A, at == 0 || !isName(bytes[at - 1]) else { continue }
      let name = bytes[(at + 1)...].prefix(while: isName)
      guard !name.isEmpty else { continue }
      if byte == 0x26 {
        anchors.insert(name)
      } else if anchors.contains(name) {
        return (String(decoding: name.prefix(40), as: UTF8.self), line)
      }
    }
    return nil
  }

  /// What libyaml lets stand in the name of an anchor.
  private static func isName(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F: true
    default: false
    }
  }
}
