public import CityCore
public import Hummingbird

/// What answers a request. Errors become problems in one place, see ``ProblemMapping``.
public typealias RouteHandler =
  @Sendable (_ request: Request, _ context: CityRequestContext) async throws -> Response

/// One method on one path: who may call it, what it takes, what it does. There is no way to make
/// one without saying who may call it.
public struct Route: Sendable {
  public let method: HTTPRequest.Method
  public let path: PathPattern
  public let access: RouteAccess
  public let body: BodyRule
  public let idempotency: IdempotencyRule
  public let rate: RateClass
  /// The handler answers from memory, or waits without holding its thread: requests with a body of
  /// ordinary size stay on the event loop of their connection. A handler that computes for long,
  /// reads files or asks a database would hold up every connection of that loop.
  public let isBrief: Bool
  public let handler: RouteHandler

  public init(
    _ method: HTTPRequest.Method, _ path: PathPattern, access: RouteAccess,
    body: BodyRule = .none, idempotency: IdempotencyRule = .none, rate: RateClass = .standard,
    isBrief: Bool = false, handler: @escaping RouteHandler
  ) {
    self.method = method
    self.path = path
    self.access = access
    self.body = body
    self.idempotency = idempotency
    self.rate = rate
    self.isBrief = isBrief
    self.handler = handler
  }

  public static func get(
    _ path: PathPattern, access: RouteAccess, rate: RateClass = .standard,
    handler: @escaping RouteHandler
  ) -> Route {
    Route(.get, path, access: access, rate: rate, handler: handler)
  }

  public static func post(
    _ path: PathPattern, access: RouteAccess, body: BodyRule,
    idempotency: IdempotencyRule = .none, rate: RateClass = .standard,
    handler: @escaping RouteHandler
  ) -> Route {
    Route(
      .post, path, access: access, body: body, idempotency: idempotency, rate: rate,
      handler: handler)
  }
}

/// Which bodies a route takes.
public struct BodyRule: Sendable, Hashable {
  /// Bytes after decompression.
  public let maximum: Int
  /// Media types without parameters, lower case; empty: the route takes no body.
  public let types: [String]
  /// Whether `Content-Encoding: gzip` is understood.
  public let acceptsGzip: Bool
  /// Whether a request without a body, and then without a media type, is good as well.
  public let isOptional: Bool

  public init(maximum: Int, types: [String], acceptsGzip: Bool = false, isOptional: Bool = false) {
    self.maximum = maximum
    self.types = types
    self.acceptsGzip = acceptsGzip
    self.isOptional = isOptional
  }

  public static let none = BodyRule(maximum: 0, types: [])
  public static let json = BodyRule(
    maximum: Limits.jsonBody, types: ["application/json"], acceptsGzip: true)
  public static let optionalJSON = BodyRule(
    maximum: Limits.jsonBody, types: ["application/json"], acceptsGzip: true, isOptional: true)
  public static let form = BodyRule(
    maximum: 256 << 10, types: ["application/x-www-form-urlencoded"])
}

/// Whether a route knows `Idempotency-Key`.
public enum IdempotencyRule: String, Sendable, Hashable {
  case none
  case optional
  case required
}

/// Which budget a request is charged to.
public enum RateClass: String, Sendable, Hashable, CaseIterable {
  /// Ordinary requests.
  case standard
  /// Guessing a password costs more than asking.
  case login
  /// Readings of devices. Limited by principal only, and generously.
  case ingest
  /// Expensive work: backups, verification, passwords.
  case heavy
  /// Costs next to nothing: files from memory, signs of life.
  case free
}

/// Routes that share how they look to a client.
public struct RouteGroup: Sendable {
  public enum Style: String, Sendable, Hashable {
    /// JSON for programs: nothing may be framed, cached or executed.
    case api
    /// Pages for people: scripts and styles of our own origin only.
    case pages
    /// Files that say themselves how they may be cached.
    case assets
  }

  public let name: String
  public let style: Style
  public let routes: [Route]
  /// How a problem looks, where it is not `application/problem+json`. Returning nil falls back.
  public let problems: ProblemRenderer?

  public init(
    _ name: String, style: Style, routes: [Route], problems: ProblemRenderer? = nil
  ) {
    self.name = name
    self.style = style
    self.routes = routes
    self.problems = problems
  }
}

/// Draws a problem for people, such as a page, or a redirection to the login for `unauthenticated`.
public typealias ProblemRenderer =
  @Sendable (_ problem: Problem, _ request: Request, _ context: CityRequestContext) -> Response?

/// What introspection tells of a route.
public struct RouteDescription: Sendable, Hashable, CustomStringConvertible {
  public let group: String
  public let method: String
  public let path: String
  public let access: RouteAccess
  public let idempotency: IdempotencyRule
  public var description: String { "\(method) \(path) [\(access)]" }
}
