import CityCore
import CityJSON
import Hummingbird
import NIOCore
import Web

extension CityRequestContext {
  /// The JSON body as a type.
  /// - Throws: `malformed` for what is no JSON, `invalid` with the pointer for another shape.
  func decode<T: Decodable>(_ type: T.Type, from request: Request) async throws -> T {
    let bytes = try await body(of: request)
    do {
      return try JSON.decode(
        type, from: Array(bytes.readableBytesView), maximumDepth: Limits.jsonDepth,
        maximumBytes: Limits.jsonBody)
    } catch {
      throw ProblemMapping.problem(for: error)
    }
  }

  /// As ``decode(_:from:)``, and nil when nothing was sent.
  func decodeIfPresent<T: Decodable>(_ type: T.Type, from request: Request) async throws -> T? {
    let bytes = try await body(of: request)
    guard bytes.readableBytes > 0 else { return nil }
    do {
      return try JSON.decode(
        type, from: Array(bytes.readableBytesView), maximumDepth: Limits.jsonDepth)
    } catch {
      throw ProblemMapping.problem(for: error)
    }
  }

  /// A thing's id in the path.
  /// - Throws: `not-found` unless it is an id of one of these kinds.
  func thing(_ kinds: String..., parameter name: String = "id") throws(Problem) -> ThingID {
    let id = try identifier(name, as: ThingID.self)
    guard kinds.isEmpty || kinds.contains(id.kind) else {
      throw Problem(.notFound, "no such thing")
    }
    return id
  }
}

extension Query {
  /// - Throws: `invalid` when the value is none of the type's.
  func value<T: RawRepresentable>(
    _ name: String, as type: T.Type = T.self
  ) throws(Problem) -> T? where T.RawValue == String {
    guard let text = self[name] else { return nil }
    guard let value = T(rawValue: text) else { throw Self.fault(name, "is not acceptable") }
    return value
  }

  /// - Throws: `invalid` when it is no RFC 3339 time.
  func time(_ name: String) throws(Problem) -> UTCTime? {
    guard let text = self[name] else { return nil }
    guard let time = UTCTime(text) else { throw Self.fault(name, "must be an RFC 3339 time") }
    return time
  }

  /// - Throws: `invalid` unless it is `true` or `false`.
  func flag(_ name: String) throws(Problem) -> Bool? {
    switch self[name] {
    case nil: nil
    case "true": true
    case "false": false
    default: throw Self.fault(name, "must be true or false")
    }
  }

  static func fault(_ name: String, _ reason: String) -> Problem {
    Problem(
      .invalid, "the query is not acceptable", faults: [.init(at: "?\(name)", reason: reason)])
  }
}

extension Response {
  /// A page of a list.
  static func page(_ items: [[UInt8]], next: String?) -> Response {
    var json = JSONWriter(capacity: 64 + items.reduce(0) { $0 + $1.count + 1 })
    json.beginObject()
    json.key("items")
    json.beginArray()
    for item in items { json.raw(item) }
    json.endArray()
    json.member("next", next)
    json.endObject()
    return .json(json.bytes)
  }

  /// A page of values.
  static func page<Item: Encodable>(_ page: Page<Item>) throws -> Response {
    .page(try page.items.map { try JSON.encode($0) }, next: page.next)
  }
}
