import Access
import CityCore
import CityJSON
import Hummingbird
public import Journal
import NIOCore
import Operations
import Synchronization
import Web

/// Where answers to requests with an `Idempotency-Key` are kept.
public protocol AnswerStore: Sendable {
  /// An answer that has not expired.
  func answer(_ key: String) async throws -> IdempotencyRecord?
  func keep(_ record: IdempotencyRecord) async throws
}

/// Gives a repeated request the answer that the first one got.
///
/// Only answers that changed something are kept; a refused request may be sent again. Of two that
/// come at once, the second is told to wait. What a request does is put on record together with its
/// key (``RequestStamp``), so that a node that stops in between does nothing twice.
final class RequestMemory: Sendable {
  private static let lifetime = Duration64.hours(24)
  /// Greater answers are not kept: the request is then done once and its answer told once.
  private static let maximumAnswer = 256 << 10

  private let store: any AnswerStore
  private let clock: any Clock64
  /// Answers with a thing as it is now.
  private let show: @Sendable (ThingID, CityRequestContext) async throws -> Response
  private let running = Mutex<Set<String>>([])

  init(
    store: any AnswerStore, clock: any Clock64,
    show: @escaping @Sendable (ThingID, CityRequestContext) async throws -> Response
  ) {
    self.store = store
    self.clock = clock
    self.show = show
  }

  func once(
    _ key: IdempotencyKey, _ identity: Identity, _ request: Request,
    _ context: CityRequestContext, tellsSecret: Bool, _ handler: RouteHandler
  ) async throws -> Response {
    let name = "\(identity.principal.id)/\(key)"
    guard running.withLock({ $0.insert(name).inserted }) else {
      throw Problem(
        .conflict, "a request with this Idempotency-Key is being worked on", retryAfter: 1)
    }
    defer { running.withLock { _ = $0.remove(name) } }
    // The body is needed twice: for the fingerprint and by the handler.
    let body = context.takesBody ? try await context.body(of: request) : ByteBuffer()
    let fingerprint = Self.fingerprint(identity.principal.id, context, body)
    if let known = try await store.answer(name) {
      guard known.fingerprint == fingerprint else {
        throw Problem(
          .keyReused, "this Idempotency-Key came with another method, path, query or body before",
          faults: [.init(at: "Idempotency-Key", reason: "belongs to another request")])
      }
      if tellsSecret {
        throw Problem(.duplicate, "this was done already; what it told is told only once")
      }
      if known.status == RequestStamp.unanswered {
        guard let thing = RequestStamp.thing(known) else {
          throw Problem(.duplicate, "this was done already, and its answer was lost")
        }
        return try await show(thing, context)
      }
      return Self.response(known)
    }
    let stamp = RequestStamp(
      key: name, fingerprint: fingerprint, expires: clock.now() + Self.lifetime)
    let response = try await RequestStamp.$current.withValue(stamp) {
      try await handler(request, context.holding(body))
    }
    try await keep(response, name, fingerprint, tellsSecret)
    return response
  }

  private func keep(
    _ response: Response, _ name: String, _ fingerprint: Digest32, _ tellsSecret: Bool
  ) async throws {
    guard response.status.code < 300,
      let body = try await response.bytes(upTo: Self.maximumAnswer)
    else { return }
    try await store.keep(
      IdempotencyRecord(
        key: name, fingerprint: fingerprint, status: response.status.code,
        response: tellsSecret ? [] : Array(body.readableBytesView),
        expires: clock.now() + Self.lifetime))
  }

  private static func response(_ record: IdempotencyRecord) -> Response {
    if record.response.isEmpty { return Response(status: .init(code: record.status)) }
    return .json(record.response, status: .init(code: record.status))
  }

  /// SHA-256 over who asks, method, path, query and body, each with its length before it: a key
  /// stands for one request and no other.
  static func fingerprint(
    _ principal: PrincipalID, _ context: CityRequestContext, _ body: ByteBuffer
  ) -> Digest32 {
    let parts = [
      Array(principal.rawValue.utf8), Array(context.method.utf8), Array(context.path.utf8),
      Array(context.query.text.utf8), Array(body.readableBytesView),
    ]
    return IdempotencyRecord.fingerprint(of: parts)
  }
}
