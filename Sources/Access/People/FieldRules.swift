import CityCore

/// Checks that several records share.
enum FieldRules {
  static func title(_ text: String, at path: String, _ faults: inout [Problem.Fault]) {
    if text.utf8.isEmpty || text.allSatisfy(\.isWhitespace) {
      faults.append(.init(at: path, reason: "must not be empty"))
    } else if text.utf8.count > Limits.title {
      faults.append(.init(at: path, reason: "at most \(Limits.title) bytes"))
    } else if hasControl(text) {
      faults.append(.init(at: path, reason: "control characters are not allowed"))
    }
  }

  static func hasControl(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
  }

  /// Lower-case ASCII letters, digits, `.`, `-`, `_`; 2...64 bytes; begins with a letter or digit.
  static func isLogin(_ text: String) -> Bool {
    let bytes = text.utf8
    guard (2...64).contains(bytes.count), let first = bytes.first else { return false }
    func plain(_ byte: UInt8) -> Bool {
      (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }
    return plain(first) && bytes.allSatisfy { plain($0) || [0x2D, 0x2E, 0x5F].contains($0) }
  }

  static func check(_ faults: [Problem.Fault], _ what: String) throws(Problem) {
    guard faults.isEmpty else {
      throw Problem(.invalid, "\(what) has \(faults.count) faulty fields", faults: faults)
    }
  }
}
