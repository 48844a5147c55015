public import CityCore

/// Where this node may send to. What is not listed is refused, and an address that is not public
/// (private, loopback, link-local and the like) must itself be listed, by number: a name that
/// points inside opens nothing.
///
/// Entries: `hooks.example.org`, `*.example.org` (one or more labels before it),
/// `10.1.2.3`, `10.0.0.0/8`, `[fd00::1]`, each with `:port` if wanted. Without a port the usual ones
/// of the protocol are meant.
public struct AllowList: Hashable, Sendable {
  private struct Entry: Hashable {
    enum Who: Hashable {
      case name(String)
      case below(String)
      case range(AddressRange)
    }
    let who: Who
    let port: Int?
  }
  private let entries: [Entry]

  /// - Throws: `configuration`, with a fault for each entry that cannot be read; `at` is its number.
  public init(_ texts: [String]) throws(Problem) {
    var entries: [Entry] = []
    var faults: [Problem.Fault] = []
    for (index, text) in texts.enumerated() {
      if let entry = Self.entry(text.lowercased()) {
        entries.append(entry)
      } else {
        faults.append(
          Problem.Fault(at: "/\(index)", reason: "is not host, *.domain, address or range, :port"))
      }
    }
    guard faults.isEmpty else {
      throw Problem(.configuration, "the allow-list cannot be read", faults: faults)
    }
    self.entries = entries
  }

  private static func entry(_ text: String) -> Entry? {
    if text.hasPrefix("[") {
      guard let end = text.firstIndex(of: "]") else { return nil }
      let inside = text[text.index(after: text.startIndex)..<end]
      let rest = text[text.index(after: end)...]
      guard let range = AddressRange(inside), rest.isEmpty || rest.hasPrefix(":") else {
        return nil
      }
      guard !rest.isEmpty else { return Entry(who: .range(range), port: nil) }
      guard let port = port(rest.dropFirst()) else { return nil }
      return Entry(who: .range(range), port: port)
    }
    if let range = AddressRange(text) { return Entry(who: .range(range), port: nil) }
    var name = Substring(text)
    var number: Int?
    if let cut = text.firstIndex(of: ":") {
      guard let read = port(text[text.index(after: cut)...]) else { return nil }
      number = read
      name = text[..<cut]
    }
    if let range = AddressRange(name) { return Entry(who: .range(range), port: number) }
    if name.hasPrefix("*.") {
      let domain = String(name.dropFirst(2))
      return HostName.isValid(domain) ? Entry(who: .below(domain), port: number) : nil
    }
    return HostName.isValid(String(name)) ? Entry(who: .name(String(name)), port: number) : nil
  }

  private static func port(_ text: Substring) -> Int? {
    guard text.utf8.count <= 5, let port = Int(text), (1...65_535).contains(port) else {
      return nil
    }
    return port
  }

  /// Whether a name (or a literal address) may be asked for at all.
  /// - Parameter usual: The ports that an entry without one stands for.
  public func permits(host: String, port: Int, usual: Set<Int>) -> Bool {
    if let address = IPAddress(host) { return lists(address, port: port, usual: usual) }
    let name = host.lowercased()
    return entries.contains { entry in
      guard entry.port == port || (entry.port == nil && usual.contains(port)) else { return false }
      return switch entry.who {
      case .name(let listed): listed == name
      case .below(let domain): name.hasSuffix("." + domain)
      case .range: false
      }
    }
  }

  /// Whether an address that a permitted name led to may be connected to.
  public func permits(_ address: IPAddress, port: Int, usual: Set<Int>) -> Bool {
    address.isPublic || lists(address, port: port, usual: usual)
  }

  private func lists(_ address: IPAddress, port: Int, usual: Set<Int>) -> Bool {
    entries.contains { entry in
      guard case .range(let range) = entry.who, range.contains(address) else { return false }
      return entry.port == port || (entry.port == nil && usual.contains(port))
    }
  }
}

/// Names of hosts (RFC 1123), lower-case ASCII.
enum HostName {
  static func isValid(_ text: String) -> Bool {
    guard (1...253).contains(text.utf8.count) else { return false }
    return text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
      (1...63).contains(label.utf8.count) && label.utf8.first != 0x2D && label.utf8.last != 0x2D
        && label.utf8.allSatisfy {
          (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D || $0 == 0x5F
        }
    }
  }
}
