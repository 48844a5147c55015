public import CityCore
import CityJSON
import Crypto
import FoundationEssentials

/// Where a link port is.
public struct LinkAddress: Hashable, Sendable, CustomStringConvertible {
  public let host: String
  public let port: Int

  /// Nil unless the host is a name or address of 1...253 visible ASCII bytes and the port 1...65535.
  public init?(host: String, port: Int) {
    let isHost = host.utf8.allSatisfy { byte in
      NameRule.isHostByte(byte)
    }
    guard (1...253).contains(host.utf8.count), isHost, (1...65_535).contains(port) else {
      return nil
    }
    self.host = host
    self.port = port
  }

  /// `host:port`, an IPv6 address in brackets.
  public init?(_ text: some StringProtocol) {
    guard let cut = text.lastIndex(of: ":"), let port = Int(text[text.index(after: cut)...]) else {
      return nil
    }
    var host = text[..<cut]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    self.init(host: String(host), port: port)
  }

  public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

extension NameRule {
  /// What stands in host names and addresses: letters, digits and `.-_:%`.
  fileprivate static func isHostByte(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5F, 0x25: true
    default: false
    }
  }
}

/// What a parent gives to one future child, out of band. Whoever holds it may join, once, until it
/// expires: it is a secret. Its description does not show it.
public struct Invitation: Hashable, Sendable, CustomStringConvertible {
  static let secretLength = 16
  /// Stands before the text form.
  public static let prefix = "cbi1_"

  public let address: LinkAddress
  /// SHA-256 of the DER of the parent's authority, which the child pins.
  public let caSHA256: Digest32
  /// 128 random bits. The parent keeps ``secretHash`` only.
  let secret: [UInt8]
  public let expires: UTCTime

  /// A new invitation with a secret from `random`.
  public init(
    address: LinkAddress, caSHA256: Digest32, expires: UTCTime, random: inout some RandomSource
  ) {
    self.address = address
    self.caSHA256 = caSHA256
    self.expires = expires
    secret = random.bytes(Self.secretLength)
  }

  /// What the parent stores and looks invitations up by.
  public var secretHash: Digest32 { Self.hash(secret) }

  static func hash(_ secret: [UInt8]) -> Digest32 {
    Digest32(Array(SHA256.hash(data: secret))) ?? .zero
  }

  /// One line: `cbi1_` and the base64url of a JSON object {address, ca, secret, expires}.
  public var text: String {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("address", address.description)
    writer.member("ca", caSHA256.description)
    writer.member("secret", Hex.string(secret))
    writer.member("expires", expires.description)
    writer.endObject()
    let base64 = Data(writer.bytes).base64EncodedString()
    return Self.prefix
      + String(
        base64.compactMap { character -> Character? in
          switch character {
          case "+": "-"
          case "/": "_"
          case "=": nil
          default: character
          }
        })
  }

  /// Reads the text form; white space around it does no harm.
  /// - Throws: `invalid`, saying what is wrong, without repeating the text.
  public init(text: String) throws(Problem) {
    func fault(_ reason: String) -> Problem {
      Problem(
        .invalid, "the invitation cannot be read: \(reason)",
        faults: [.init(at: "/invitation", reason: reason)])
    }
    let line = text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace }
    guard line.hasPrefix(Self.prefix) else { throw fault("it does not begin with \(Self.prefix)") }
    guard line.utf8.count <= 2_048 else { throw fault("it is too long") }
    var base64 = ""
    for character in line.dropFirst(Self.prefix.count) {
      switch character {
      case "-": base64.append("+")
      case "_": base64.append("/")
      default: base64.append(character)
      }
    }
    while !base64.utf8.count.isMultiple(of: 4) { base64.append("=") }
    guard let json = Data(base64Encoded: base64),
      let body = try? JSON.parse(Array(json))
    else { throw fault("it is damaged; copy the whole line") }
    func field(_ name: String) -> String { body[name]?.stringValue ?? "" }
    guard let address = LinkAddress(field("address")) else {
      throw fault("its address is not host:port")
    }
    guard let pin = Digest32(hex: field("ca")) else {
      throw fault("its fingerprint is not SHA-256")
    }
    guard let secret = Hex.bytes(field("secret")), secret.count == Self.secretLength else {
      throw fault("its secret is not 128 bits")
    }
    guard let expires = UTCTime(field("expires")) else { throw fault("its expiry is not a time") }
    self.address = address
    caSHA256 = pin
    self.secret = secret
    self.expires = expires
  }

  public var description: String { "invitation to \(address) until \(expires)" }
}

extension Invitation: CustomReflectable {
  /// Keeps the secret out of `dump` and of assertion messages.
  public var customMirror: Mirror {
    Mirror(self, children: ["address": address, "caSHA256": caSHA256, "expires": expires])
  }
}
