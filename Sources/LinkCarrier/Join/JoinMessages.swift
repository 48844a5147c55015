import CityCore
import CityJSON

/// The bodies of `POST /link/v1/join` and `POST /link/v1/renew`.
enum JoinMessages {
  static let joinPath = "/link/v1/join"
  static let renewPath = "/link/v1/renew"

  private static let requestLimit = 8 << 10
  private static let chainLimit = 32 << 10

  struct Join {
    var invitation: Digest32
    var key: String
    var csrPEM: String
    var node: [UInt8]
  }

  /// {secret, key, csr, node}
  static func join(
    invitation: Invitation, key: String, csrPEM: String, node: [UInt8]
  ) throws(Problem) -> [UInt8] {
    try object(
      [("secret", Hex.string(invitation.secret)), ("key", key), ("csr", csrPEM)], node: node)
  }

  static func readJoin(_ body: [UInt8]) throws(Problem) -> Join {
    let fields = try fields(body)
    let secret = try text("secret", fields, upTo: 64)
    guard let bytes = Hex.bytes(secret), bytes.count == Invitation.secretLength else {
      throw Problem(.linkRefused, "the invitation is not valid here")
    }
    let key = try text("key", fields, upTo: 64)
    guard NameRule.isValid(key) else {
      throw Problem(
        .invalid, "the key is not a name", faults: [.init(at: "/key", reason: "is not a name")])
    }
    return Join(
      invitation: Invitation.hash(bytes), key: key,
      csrPEM: try text("csr", fields, upTo: requestLimit), node: try node(fields))
  }

  /// {certificate, node}
  static func grant(_ grant: JoinGrant) throws(Problem) -> [UInt8] {
    try object([("certificate", grant.chainPEM)], node: grant.node)
  }

  static func readGrant(_ body: [UInt8]) throws(Problem) -> JoinGrant {
    let fields = try fields(body)
    return JoinGrant(
      chainPEM: try text("certificate", fields, upTo: chainLimit), node: try node(fields))
  }

  /// {csr}
  static func renew(csrPEM: String) throws(Problem) -> [UInt8] {
    try object([("csr", csrPEM)], node: nil)
  }

  static func readRenew(_ body: [UInt8]) throws(Problem) -> String {
    try text("csr", try fields(body), upTo: requestLimit)
  }

  /// {certificate}
  static func renewed(chainPEM: String) throws(Problem) -> [UInt8] {
    try object([("certificate", chainPEM)], node: nil)
  }

  static func readRenewed(_ body: [UInt8]) throws(Problem) -> String {
    try text("certificate", try fields(body), upTo: chainLimit)
  }

  // MARK: - Fields

  private static func object(
    _ fields: [(String, String)], node: [UInt8]?
  ) throws(Problem) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    for (name, value) in fields { writer.member(name, value) }
    if let node {
      // Ours, but from elsewhere in the program: what is not JSON must not be spliced in.
      guard (try? JSON.parse(node)) != nil else {
        throw Problem(.internalFault, "the description of this node is not JSON")
      }
      writer.key("node")
      writer.raw(node)
    }
    writer.endObject()
    return writer.bytes
  }

  private static func fields(_ body: [UInt8]) throws(Problem) -> JSONValue {
    guard let value = try? JSON.parse(body), value.objectValue != nil else {
      throw Problem(.malformed, "the body is not a JSON object")
    }
    return value
  }

  private static func text(
    _ name: String, _ fields: JSONValue, upTo limit: Int
  ) throws(Problem) -> String {
    guard let text = fields[name]?.stringValue, text.utf8.count <= limit else {
      throw Problem(
        .invalid, "\(name) is missing or too long",
        faults: [.init(at: "/\(name)", reason: "must be a string of at most \(limit) bytes")])
    }
    return text
  }

  private static func node(_ fields: JSONValue) throws(Problem) -> [UInt8] {
    guard let value = fields["node"] else { return Array("{}".utf8) }
    do { return try JSON.encode(value) } catch {
      throw Problem(.malformed, "node is not JSON")
    }
  }
}
