import CityCore
import CityJSON
import HTTPTypes
import Hummingbird
import Web

/// One operation of the API: what the OpenAPI document says of it and what answers it. Both come
/// from this one value, so that the document cannot drift from the routes.
struct Operation: Sendable {
  /// A parameter behind the question mark.
  struct Parameter: Sendable {
    let name: String
    let schema: Schema
    let meaning: String
    var isRequired = false
    var isRepeatable = false

    init(_ name: String, _ schema: Schema, _ meaning: String, required: Bool = false) {
      self.name = name
      self.schema = schema
      self.meaning = meaning
      isRequired = required
    }
  }

  /// What is answered when all goes well.
  struct Answer: Sendable {
    var status: HTTPResponse.Status
    var meaning: String
    var schema: Schema?
    var mediaType = "application/json"

    static func ok(_ meaning: String, _ schema: Schema) -> Answer {
      Answer(status: .ok, meaning: meaning, schema: schema)
    }
    static func created(_ meaning: String, _ schema: Schema) -> Answer {
      Answer(status: .created, meaning: meaning, schema: schema)
    }
    static let done = Answer(status: .noContent, meaning: "Done.", schema: nil)
  }

  let id: String
  let method: HTTPRequest.Method
  /// Below `/api/v1`.
  let path: String
  let tag: String
  let summary: String
  let access: RouteAccess
  var parameters: [Parameter] = []
  /// The shape of a JSON body.
  var body: Schema?
  var rule: BodyRule = .none
  var answer: Answer
  var rate: RateClass = .standard
  /// See `Route.isBrief`.
  var isBrief = false
  /// The answer tells a secret: it is not kept, and a repeated request does not get it again.
  var tellsSecret = false
  let handler: RouteHandler

  static let prefix = "/api/v1"

  /// `GET`: reads.
  static func get(
    _ id: String, _ path: String, _ tag: String, _ summary: String, access: RouteAccess,
    parameters: [Parameter] = [], answer: Answer, handler: @escaping RouteHandler
  ) -> Operation {
    Operation(
      id: id, method: .get, path: path, tag: tag, summary: summary, access: access,
      parameters: parameters, answer: answer, handler: handler)
  }

  /// Anything that changes something, with a JSON body or none.
  static func change(
    _ method: HTTPRequest.Method, _ id: String, _ path: String, _ tag: String, _ summary: String,
    access: RouteAccess, body: Schema? = nil, optional: Bool = false, answer: Answer,
    rate: RateClass = .standard, handler: @escaping RouteHandler
  ) -> Operation {
    Operation(
      id: id, method: method, path: path, tag: tag, summary: summary, access: access, body: body,
      rule: body == nil ? .none : optional ? .optionalJSON : .json, answer: answer, rate: rate,
      handler: handler)
  }

  /// Every POST takes an `Idempotency-Key`; those that make something require it where repeating
  /// them would make it twice.
  var idempotency: IdempotencyRule { method == .post ? .optional : .none }

  func tellingSecret() -> Operation {
    var copy = self
    copy.tellsSecret = true
    return copy
  }

  /// The route. Parameters that the document does not know are refused before the handler runs: a
  /// misspelt filter must not look like no filter.
  func route(_ memory: RequestMemory) -> Route {
    let known = Set(parameters.map(\.name))
    let repeatable = Set(parameters.filter(\.isRepeatable).map(\.name))
    let required = parameters.filter(\.isRequired).map(\.name)
    let handler = handler
    let isKeyed = idempotency != .none
    let tellsSecret = tellsSecret
    return Route(
      method, PathPattern(Self.prefix + path), access: access, body: rule,
      idempotency: idempotency, rate: rate, isBrief: isBrief
    ) { request, context in
      try Self.check(context.query, known: known, repeatable: repeatable, required: required)
      guard isKeyed, let key = context.idempotencyKey, let identity = context.identity else {
        return try await handler(request, context)
      }
      return try await memory.once(
        key, identity, request, context, tellsSecret: tellsSecret, handler)
    }
  }

  private static func check(
    _ query: Query, known: Set<String>, repeatable: Set<String>, required: [String]
  ) throws(Problem) {
    var faults: [Problem.Fault] = []
    var seen: Set<String> = []
    for name in query.names {
      if !known.contains(name) {
        faults.append(.init(at: "?\(name)", reason: "is not a parameter here"))
      } else if !seen.insert(name).inserted, !repeatable.contains(name) {
        faults.append(.init(at: "?\(name)", reason: "stands twice"))
      }
    }
    for name in required where !seen.contains(name) {
      faults.append(.init(at: "?\(name)", reason: "is needed"))
    }
    guard faults.isEmpty else {
      throw Problem(.invalid, "the query is not acceptable", faults: Array(faults.prefix(20)))
    }
  }

  // MARK: - Parameters that many lists have

  static let page: [Parameter] = [
    Parameter("limit", .integer(1...PageRequest.maximum), "How many items at most; 50."),
    Parameter("after", .string(length: 0...256), "The cursor that the page before gave."),
  ]
}
