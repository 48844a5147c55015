public import CityCore

/// A mail address that is safe to put into a command and a header: ASCII, no white space, no
/// brackets, one `@` (the dot-atom form of RFC 5321).
public struct MailAddress: Hashable, Sendable, CustomStringConvertible {
  /// `local@domain`
  public let address: String
  /// The name shown before it, any language.
  public let name: String?

  /// - Throws: `invalid` when the address has another form, or the name a control character.
  public init(_ address: String, name: String? = nil) throws(Problem) {
    let parts = address.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, (1...64).contains(parts[0].utf8.count), address.utf8.count <= 254,
      Self.isDotAtom(parts[0]), HostName.isValid(parts[1].lowercased())
    else {
      throw Problem(
        .invalid, "a mail address is not acceptable",
        faults: [.init(at: "/address", reason: "must be local@domain in plain ASCII")])
    }
    if let name { try MailHeader.check(name, "name") }
    self.address = address
    self.name = name
  }

  var domain: String {
    String(address[address.index(after: address.lastIndex(of: "@") ?? address.startIndex)...])
  }

  private static func isDotAtom(_ text: Substring) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty
        && atom.utf8.allSatisfy { byte in
          (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte)
            || (0x30...0x39).contains(byte) || "!#$%&'*+-/=?^_`{|}~".utf8.contains(byte)
        }
    }
  }

  /// Without the name, which is personal data.
  public var description: String { address }
}

/// Who gets the mails of an endpoint.
public struct MailTarget: Hashable, Sendable {
  public let recipients: [MailAddress]

  /// - Throws: `invalid` unless there are 1...50.
  public init(recipients: [MailAddress]) throws(Problem) {
    guard (1...50).contains(recipients.count) else {
      throw Problem(
        .invalid, "mail goes to 1...50 recipients",
        faults: [.init(at: "/recipients", reason: "must be 1...50")])
    }
    self.recipients = recipients
  }
}
