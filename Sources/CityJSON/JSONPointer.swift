/// The text rules of RFC 6901.
enum JSONPointer {
  /// A reference token with the slash before it: `~` becomes `~0`, `/` becomes `~1`.
  static func step(_ key: String) -> String {
    guard key.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return "/" + key }
    var out = "/"
    for scalar in key.unicodeScalars {
      switch scalar {
      case "~": out += "~0"
      case "/": out += "~1"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }

  /// The reference tokens of a pointer, unescaped; nil when it is no pointer.
  static func tokens(_ pointer: String) -> [String]? {
    if pointer.isEmpty { return [] }
    guard pointer.utf8.first == 0x2F else { return nil }
    var tokens: [String] = []
    for part in pointer.utf8.dropFirst().split(separator: 0x2F, omittingEmptySubsequences: false) {
      var token: [UInt8] = []
      var afterTilde = false
      for byte in part {
        if afterTilde {
          switch byte {
          case 0x30: token.append(0x7E)
          case 0x31: token.append(0x2F)
          default: return nil
          }
          afterTilde = false
        } else if byte == 0x7E {
          afterTilde = true
        } else {
          token.append(byte)
        }
      }
      guard !afterTilde else { return nil }
      tokens.append(String(decoding: token, as: UTF8.self))
    }
    return tokens
  }

  /// An array index: `0`, or digits without a leading zero.
  static func index(_ token: String) -> Int? {
    let digits = token.utf8
    guard let first = digits.first, digits.allSatisfy({ (0x30...0x39).contains($0) }),
      first != 0x30 || digits.count == 1
    else { return nil }
    return Int(token)
  }
}
