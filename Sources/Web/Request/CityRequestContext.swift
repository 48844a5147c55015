public import Access
public import CityCore
public import Hummingbird
public import Logging
public import NIOCore
import Synchronization

/// What is known of a request beside the request itself. Made once, when the request was let in.
public final class CityRequestContext: Sendable {
  public let id: RequestID
  /// When its header was complete.
  public let received: UTCTime
  public let peer: PeerAddress
  /// Nil on public routes without a credential.
  public let identity: Identity?
  /// What the identity was proven by: for use cases about the very session. Never log it.
  public let credential: Credential?
  /// From the identity's setting if it has one, else from `Accept-Language`.
  public let language: Language
  /// Present and valid when the route requires one.
  public let idempotencyKey: IdempotencyKey?
  /// The id that an event stream is to go on from.
  public let lastEventID: String?
  public let query: Query
  /// The method and path that were asked for, without the query.
  public let method: String
  public let path: String
  private let match: RouteTable.Match?
  let fields: RequestFields
  let reader: BodyReader
  /// A form that was read already, to check its CSRF field.
  let form: FormBody?
  /// A body that was read already.
  let held: ByteBuffer?
  let channel: any Channel
  private let baseLogger: Logger

  init(
    id: RequestID, received: UTCTime, peer: PeerAddress, identity: Identity?,
    credential: Credential?, language: Language, idempotencyKey: IdempotencyKey?, query: Query,
    method: String,
    path: String, match: RouteTable.Match?, fields: RequestFields, reader: BodyReader,
    form: FormBody?, held: ByteBuffer? = nil, channel: any Channel, logger: Logger
  ) {
    self.id = id
    self.received = received
    self.peer = peer
    self.identity = identity
    self.credential = credential
    self.language = language
    self.idempotencyKey = idempotencyKey
    lastEventID = fields.lastEventID
    self.query = query
    self.method = method
    self.path = path
    self.match = match
    self.fields = fields
    self.reader = reader
    self.form = form
    self.held = held
    self.channel = channel
    baseLogger = logger
  }

  /// Says the request's id with every line. Made when it is asked for: most requests log nothing.
  public var logger: Logger {
    var logger = baseLogger
    logger[metadataKey: "request"] = .string(id.description)
    return logger
  }

  /// Who asks.
  /// - Throws: `unauthenticated` on a public route that was called without a credential.
  public func principal() throws(Problem) -> Principal {
    guard let identity else { throw Problem(.unauthenticated, "no credential was given") }
    return identity.principal
  }

  /// What stood in the path in place of `{name}`, percent-decoded; empty for a name that the route
  /// does not have.
  public func parameter(_ name: String) -> String {
    guard let match, let index = match.endpoint.route.path.names.firstIndex(of: name),
      index < match.values.count
    else { return "" }
    return match.values[index]
  }

  /// A path parameter as one of our identifiers.
  /// - Throws: `not-found` when it cannot be one: what has no possible name does not exist.
  public func identifier<ID: RawRepresentable>(
    _ name: String, as type: ID.Type = ID.self
  ) throws(Problem) -> ID where ID.RawValue == String {
    guard let id = ID(rawValue: parameter(name)) else {
      throw Problem(.notFound, "no such \(name)")
    }
    return id
  }

  /// The whole body, decompressed, within the route's limits.
  /// - Throws: `too-large`, `malformed`, `request-timeout`.
  public func body(of request: Request) async throws -> ByteBuffer {
    if let held { return held }
    return try await reader.collect(request.body)
  }

  /// Whether the route takes a body that fits into memory.
  public var takesBody: Bool {
    !reader.rule.types.isEmpty && reader.rule.maximum <= Limits.readingsBody
  }

  /// The same context with a body that was read already, for whoever must see it first.
  public func holding(_ body: ByteBuffer) -> CityRequestContext {
    CityRequestContext(
      id: id, received: received, peer: peer, identity: identity, credential: credential,
      language: language,
      idempotencyKey: idempotencyKey, query: query, method: method, path: path, match: match,
      fields: fields, reader: reader, form: form, held: body, channel: channel,
      logger: baseLogger)
  }

  /// The body part by part, for what is too large to hold. Compression is not undone.
  public func forEachPart(
    of request: Request, _ take: (ByteBuffer) async throws -> Void
  ) async throws {
    try await reader.forEach(request.body, take)
  }

  /// The media type of the body, without parameters, lower case.
  public var contentType: String? { fields.contentType.map { MediaType($0).essence } }

  /// What `Content-Length` announced.
  public var contentLength: Int? { fields.contentLength }

  /// The fields of an urlencoded form.
  /// - Throws: `malformed`.
  public func form(of request: Request) async throws -> FormBody {
    if let form { return form }
    return try FormBody(try await reader.collect(request.body))
  }
}
