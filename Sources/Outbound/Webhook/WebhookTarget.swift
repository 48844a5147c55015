public import CityCore

/// Somebody's HTTP endpoint, with the secrets that our messages to it are signed with.
public struct WebhookTarget: Hashable, Sendable, CustomStringConvertible, CustomReflectable {
  public let url: WebhookURL
  /// The newest first. While a secret is being replaced both sign.
  let secrets: [[UInt8]]

  /// - Throws: `invalid` unless there are one or two secrets of at least 16 bytes.
  public init(url: WebhookURL, secrets: [[UInt8]]) throws(Problem) {
    guard (1...2).contains(secrets.count), secrets.allSatisfy({ $0.count >= 16 }) else {
      throw Problem(
        .invalid, "a webhook needs one or two secrets of at least 16 bytes",
        faults: [.init(at: "/secrets", reason: "must be one or two of at least 16 bytes")])
    }
    self.url = url
    self.secrets = secrets
  }

  public var description: String { "webhook \(url)" }
  /// Keeps the secrets out of `dump`.
  public var customMirror: Mirror { Mirror(self, children: ["url": url]) }
}

/// An `https` URL (or `http`, which only loopback is spoken to with), read strictly so that there is
/// one meaning only: no user, no fragment, no escapes in the host, nothing but visible ASCII.
public struct WebhookURL: Hashable, Sendable, CustomStringConvertible {
  public let isEncrypted: Bool
  /// A lower-case name or an address, without brackets.
  public let host: String
  public let port: Int
  /// Path and query, from the slash.
  public let path: String

  /// - Throws: `invalid`, saying what is wrong.
  public init(_ text: String) throws(Problem) {
    func fault(_ reason: String) -> Problem {
      Problem(
        .invalid, "the URL of the webhook is not acceptable",
        faults: [.init(at: "/url", reason: reason)])
    }
    guard text.utf8.count <= 2_000, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      throw fault("must be at most 2000 visible ASCII characters")
    }
    let rest: Substring
    if text.hasPrefix("https://") {
      isEncrypted = true
      rest = text.dropFirst(8)
    } else if text.hasPrefix("http://") {
      isEncrypted = false
      rest = text.dropFirst(7)
    } else {
      throw fault("must begin with https://")
    }
    let authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    let path = rest[authority.endIndex...]
    guard !authority.contains("@"), !path.contains("#") else {
      throw fault("must have no user and no fragment")
    }
    guard !path.contains(where: { #"\"<>^`{|}"#.contains($0) }) else {
      throw fault("must have unusual characters escaped")
    }
    guard path.isEmpty || path.hasPrefix("/") else {
      throw fault("must have a path before a query")
    }
    var name = authority.lowercased()
    var number = isEncrypted ? 443 : 80
    if let cut = name.lastIndex(of: ":"), !name.hasSuffix("]") {
      let digits = name[name.index(after: cut)...]
      guard digits.utf8.count <= 5, let port = Int(digits), (1...65_535).contains(port) else {
        throw fault("must have a port of 1...65535")
      }
      number = port
      name = String(name[..<cut])
    }
    if name.hasPrefix("["), name.hasSuffix("]") {
      guard let address = IPAddress(name.dropFirst().dropLast()), !address.isV4 else {
        throw fault("must have an IPv6 address in the brackets")
      }
      host = address.description
    } else {
      guard HostName.isValid(name) else { throw fault("must have a host name or address") }
      host = name
    }
    port = number
    self.path = path.isEmpty ? "/" : String(path)
  }

  public var description: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return "\(isEncrypted ? "https" : "http")://\(name):\(port)\(path)"
  }
}
