public import CityCore
import CityJSON

extension Frame {
  private var type: String {
    switch self {
    case .hello: "hello"
    case .data: "data"
    case .ack: "ack"
    case .ping: "ping"
    case .pong: "pong"
    case .returned: "returned"
    case .refused: "refused"
    case .evidenceWanted: "evidence.wanted"
    case .evidenceMissing: "evidence.missing"
    case .vitals: "vitals"
    }
  }

  private struct Envelope<Body: Codable>: Codable {
    var type: String
    var body: Body
  }

  private struct TypeOnly: Codable {
    var type: String
  }

  /// The frame as JSON text.
  /// - Throws: ``Problem`` `internalFault` when a value cannot be written.
  public func encoded() throws(Problem) -> [UInt8] {
    do {
      switch self {
      case .hello(let body): return try wrap(body)
      case .data(let body):
        var writer = JSONWriter(capacity: 1_024 + 3_072 * body.entries.count)
        writer.beginObject()
        writer.member("type", type)
        writer.key("body")
        body.write(to: &writer)
        writer.endObject()
        return writer.bytes
      case .ack(let body): return try wrap(body)
      case .ping(let body): return try wrap(body)
      case .pong(let body): return try wrap(body)
      case .returned(let body): return try wrap(body)
      case .refused(let body): return try wrap(body)
      case .evidenceWanted(let body): return try wrap(body)
      case .evidenceMissing(let body): return try wrap(body)
      case .vitals(let body): return try wrap(body)
      }
    } catch {
      throw Problem(.internalFault, "a \(type) frame cannot be written")
    }
  }

  private func wrap(_ body: some Codable) throws -> [UInt8] {
    try JSON.encode(Envelope(type: type, body: body))
  }

  /// Reads a frame; nil for a type of a later version, which is passed over.
  /// - Throws: ``Problem`` `tooLarge`, `malformed`.
  public static func decode(_ bytes: [UInt8]) throws(Problem) -> Frame? {
    guard bytes.count <= Limits.linkFrame else {
      throw Problem(
        .tooLarge, "a frame may have \(Limits.linkFrame) bytes, this has \(bytes.count)")
    }
    do {
      let value = try JSON.parse(bytes)
      func read<Body: Codable>(_ body: Body.Type) throws -> Body {
        try JSON.decode(Envelope<Body>.self, from: value).body
      }
      switch try JSON.decode(TypeOnly.self, from: value).type {
      case "hello": return .hello(try read(Hello.self))
      case "data":
        if let body = value["body"].flatMap({ DataFrame(plain: $0) }) { return .data(body) }
        return .data(try read(DataFrame.self))
      case "ack": return .ack(try read(Ack.self))
      case "ping": return .ping(try read(Ping.self))
      case "pong": return .pong(try read(Pong.self))
      case "returned": return .returned(try read(Returned.self))
      case "refused": return .refused(try read(Refused.self))
      case "evidence.wanted": return .evidenceWanted(try read(EvidenceWanted.self))
      case "evidence.missing": return .evidenceMissing(try read(EvidenceMissing.self))
      case "vitals": return .vitals(try read(Vitals.self))
      default: return nil
      }
    } catch {
      throw Problem(.malformed, "a frame cannot be read: \(error)")
    }
  }
}
