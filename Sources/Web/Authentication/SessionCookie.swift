/// The cookie of a browser's session: never readable by scripts, never sent along from elsewhere.
public struct SessionCookie: Sendable, Hashable {
  /// True behind TLS: the cookie is `Secure` and, by its prefix, bound to this very host.
  public let isSecure: Bool
  public let name: String

  public init(isSecure: Bool) {
    self.isSecure = isSecure
    name = isSecure ? "__Host-citybeacon" : "citybeacon"
  }

  /// The value of `Set-Cookie` that starts a session.
  /// - Parameters:
  ///   - value: characters of base 64, hexadecimal and the like; anything else is left out.
  ///   - lifetime: seconds; nil: until the browser closes.
  public func setting(_ value: String, lifetime: Int? = nil) -> String {
    let clean = String(value.unicodeScalars.filter { Self.isPlain($0) }.map(Character.init))
    return "\(name)=\(clean)" + attributes(lifetime)
  }

  /// The value of `Set-Cookie` that ends a session.
  public var clearing: String { "\(name)=" + attributes(0) }

  private func attributes(_ lifetime: Int?) -> String {
    let age = lifetime.map { "; Max-Age=\($0)" } ?? ""
    return "; Path=/; HttpOnly; SameSite=Strict\(isSecure ? "; Secure" : "")\(age)"
  }

  /// The session's value in a `Cookie` field. Nil when it stands there twice with two values:
  /// somebody may have planted one.
  func value(in field: String) -> String? {
    var found: Substring?
    for part in field.split(separator: ";") {
      let pair = part.drop { $0 == " " }
      guard let cut = pair.firstIndex(of: "="), pair[..<cut] == name else { continue }
      let value = pair[pair.index(after: cut)...]
      guard found == nil || found == value else { return nil }
      found = value
    }
    return found.flatMap { $0.isEmpty || $0.utf8.count > 512 ? nil : String($0) }
  }

  private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", "_", ".", "~", "+", "/": true
    default: false
    }
  }
}
