import Access
import CityCore
import CoreMetrics
import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore

/// What happens to every request, in this order: find the route, learn who asks, charge the
/// budgets, check the right to call, keep forgeries out, look at the announced body, run the
/// handler; then turn whatever came of it into one response. One function instead of a chain of
/// middleware: a request of a device passes with few allocations and no lookups by name.
struct Pipeline: Sendable {
  private let table: RouteTable
  private let settings: ListenerSettings
  private let services: WebServices
  private let cookie: SessionCookie
  private let security: SecurityFields
  private let date = HTTPDate()
  private let limiter = RateLimiter()
  private let unrouted: RouteMetrics
  private let refusals: Refusals
  private let fallback: ProblemRenderer?

  init(
    table: RouteTable, settings: ListenerSettings, services: WebServices,
    fallback: ProblemRenderer?
  ) {
    self.table = table
    self.settings = settings
    self.services = services
    self.fallback = fallback
    cookie = SessionCookie(isSecure: settings.isSecure)
    security = SecurityFields(isSecure: settings.isSecure)
    unrouted = RouteMetrics(method: "other", path: "none", factory: services.metrics)
    refusals = Refusals(factory: services.metrics)
  }

  /// What is known before anything is decided.
  private struct Arrival {
    let id: RequestID
    let received: UTCTime
    let start: ContinuousClock.Instant
    let peer: PeerAddress
    let fields: RequestFields
    let path: String
    let query: Substring?
    var match: RouteTable.Match?
    var identity: Identity?
    var credential: Credential?
    var allow: String?
    var style = RouteGroup.Style.api
  }

  /// Answers one request.
  func respond(
    to request: Request, writer: consuming ResponseWriter, channel: any Channel
  ) async throws {
    let arrival = arrive(request, channel)
    // A closure cannot take over what is given to a function once; a place can be emptied.
    var place: ResponseWriter? = consume writer
    if isBrief(request, arrival) {
      if let writer = place.take() { try await answer(request, arrival, writer, channel) }
    } else {
      try await withTaskExecutorPreference(globalConcurrentExecutor) {
        if let writer = place.take() { try await answer(request, arrival, writer, channel) }
      }
    }
  }

  /// Bodies up to here are parsed on the event loop: fractions of a millisecond.
  private static let briefBody = 256 << 10

  /// Whether the request may be worked on where it arrived; see ``Route/isBrief``. A key must be
  /// looked up in the database, and what is compressed may be any size.
  private func isBrief(_ request: Request, _ arrival: Arrival) -> Bool {
    guard let length = arrival.fields.contentLength, length <= Self.briefBody,
      arrival.fields.contentEncoding == nil, arrival.fields.idempotencyKey == nil,
      case .found(let match) = table.find(request.method, path: arrival.path)
    else { return false }
    return match.endpoint.route.isBrief
  }

  private func answer(
    _ request: Request, _ arrival: Arrival, _ writer: consuming ResponseWriter,
    _ channel: any Channel
  ) async throws {
    var arrival = arrival
    var response: Response
    do {
      try admitHost(request, arrival)
      let match = try route(request, &arrival)
      try await identify(match, &arrival)
      let reader = try judge(request, match, arrival)
      if arrival.fields.expectsContinue {
        try await writer.writeInformationalHead(HTTPResponse(status: .continue))
      }
      let form = try await checkForgery(request, arrival, reader)
      let context = try makeContext(request, arrival, reader, form, channel)
      response = try await match.endpoint.route.handler(request, context)
    } catch {
      response = await render(error, request, arrival, channel)
    }
    finish(&response, arrival)
    try await writer.write(response: response.head, body: response.body)
  }

  // MARK: - Letting in

  private func arrive(_ request: Request, _ channel: any Channel) -> Arrival {
    let target = request.head.path ?? "/"
    var path = target
    var query: Substring?
    if let cut = target.utf8.firstIndex(of: 0x3F) {
      path = String(target[..<cut])
      query = target[target.index(after: cut)...].prefix { $0 != "#" }
    }
    let fields = RequestFields(request.headers)
    let peer = PeerAddress(channel.remoteAddress)
    return Arrival(
      id: services.requestIDs.next(), received: services.clock.now(), start: .now,
      peer: settings.trustedProxies.client(of: peer, forwardedFor: fields.forwardedFor),
      fields: fields, path: path, query: query)
  }

  private func admitHost(_ request: Request, _ arrival: Arrival) throws(Problem) {
    guard settings.accepts(authority: request.head.authority) else {
      throw Problem(
        .malformed, "this node does not go by that name",
        faults: [.init(at: "Host", reason: "not one of the listener's host names")])
    }
    guard !arrival.fields.isContradictory else {
      throw Problem(.malformed, "a header field stands twice or is no number")
    }
  }

  private func route(
    _ request: Request, _ arrival: inout Arrival
  ) throws(Problem) -> RouteTable.Match {
    switch table.find(request.method, path: arrival.path) {
    case .found(let match):
      arrival.match = match
      arrival.style = match.endpoint.style
      return match
    case .otherMethods(let allow, let style):
      arrival.allow = allow
      arrival.style = style
      throw Problem(.methodNotAllowed, "this path takes \(allow)")
    case .nothing:
      try charge(anonymous: arrival)
      throw Problem(.notFound, "there is nothing under this path")
    case .malformed:
      try charge(anonymous: arrival)
      throw Problem(.malformed, "the path is not percent-encoded UTF-8")
    }
  }

  private func identify(_ match: RouteTable.Match, _ arrival: inout Arrival) async throws {
    let route = match.endpoint.route
    if route.access == .public {
      try charge(anonymous: arrival, rate: route.rate)
      // A page for everybody may greet whom it knows; a bad credential is no reason to refuse it.
      if let credential = credential(arrival) {
        arrival.identity = try? await identity(credential, arrival.received)
        if arrival.identity != nil { arrival.credential = credential }
      }
      return
    }
    if let credential = credential(arrival) {
      do {
        arrival.identity = try await identity(credential, arrival.received)
        arrival.credential = credential
      } catch {
        try chargeRefusal(arrival)
        throw error
      }
    } else if arrival.peer.isLoopback, let bound = settings.boundIdentity?() {
      arrival.identity = bound
    } else {
      try charge(anonymous: arrival)
      refusals.unauthenticated.increment()
      throw Problem(.unauthenticated, "this needs a credential")
    }
  }

  private func credential(_ arrival: Arrival) -> Credential? {
    if let field = arrival.fields.authorization {
      // "Bearer" in any case; other schemes are no credential of ours.
      guard field.utf8.count > 7, field.utf8.count <= 1_024,
        field.utf8.prefix(7).elementsEqual("Bearer ".utf8)
          || field.prefix(7).lowercased() == "bearer "
      else { return .bearer("") }
      return .bearer(String(field.dropFirst(7)))
    }
    return arrival.fields.cookie.flatMap(cookie.value(in:)).map(Credential.session)
  }

  private func identity(_ credential: Credential, _ now: UTCTime) async throws -> Identity {
    if let known = services.authenticator.recall(credential, now: now) { return known }
    return try await services.authenticator.authenticate(credential, now: now)
  }

  /// What can be said before the body is read.
  private func judge(
    _ request: Request, _ match: RouteTable.Match, _ arrival: Arrival
  ) throws(Problem) -> BodyReader {
    let route = match.endpoint.route
    if let identity = arrival.identity {
      if route.access != .public, let budget = settings.rates.budget(route.rate) {
        let key = RateLimiter.key(identity.principal.id, route.rate)
        if let wait = limiter.take(key, budget, now: arrival.received.milliseconds) {
          refusals.tooMany.increment()
          throw Problem(.tooMany, "this principal asks too often", retryAfter: wait)
        }
      }
      if case .permission(let permission) = route.access,
        let problem = identity.hindrance(permission, now: arrival.received)
      {
        refusals.forbidden.increment()
        throw problem
      }
    }
    if ForgeryCheck.isUnsafe(request.method), arrival.fields.authorization == nil {
      try ForgeryCheck.checkOrigin(
        arrival.fields, authority: request.head.authority, isSecure: settings.isSecure)
    }
    return try BodyReader(rule: route.body, fields: arrival.fields)
  }

  /// A session's unsafe request must repeat the session's CSRF token, in a field of the header or,
  /// where a plain form is sent, in a field of the form. A form with a file is too large to be read
  /// here: whoever reads it compares the token before it takes the file, see `fileForm`.
  private func checkForgery(
    _ request: Request, _ arrival: Arrival, _ reader: BodyReader
  ) async throws -> FormBody? {
    guard ForgeryCheck.isUnsafe(request.method), let identity = arrival.identity,
      case .session(_, let expected) = identity.proof
    else { return nil }
    if let token = arrival.fields.csrfToken {
      try ForgeryCheck.checkToken(token, expected: expected)
      return nil
    }
    if reader.rule.types == ["multipart/form-data"] { return nil }
    guard let type = arrival.fields.contentType,
      MediaType(type).essence == "application/x-www-form-urlencoded"
    else {
      refusals.forged.increment()
      throw Problem(.forbidden, "the X-CSRF-Token is missing")
    }
    let form = try FormBody(try await reader.collect(request.body))
    do {
      try ForgeryCheck.checkToken(form[FormBody.csrfField], expected: expected)
    } catch {
      refusals.forged.increment()
      throw error
    }
    return form
  }

  private func makeContext(
    _ request: Request, _ arrival: Arrival, _ reader: BodyReader, _ form: FormBody?,
    _ channel: any Channel
  ) throws(Problem) -> CityRequestContext {
    var key: IdempotencyKey?
    if let rule = arrival.match?.endpoint.route.idempotency, rule != .none {
      key = try arrival.fields.idempotencyKey.map { field throws(Problem) in
        try IdempotencyKey(field)
      }
      // A form without a script cannot send header fields; it brings the key as a field.
      if key == nil, let field = form?[FormBody.idempotencyField] {
        key = try IdempotencyKey(field)
      }
      if key == nil, rule == .required { throw IdempotencyKey.required() }
    }
    return context(
      request, arrival, query: try Query(arrival.query), key: key, reader: reader, form: form,
      channel)
  }

  private func context(
    _ request: Request, _ arrival: Arrival, query: Query, key: IdempotencyKey?,
    reader: BodyReader, form: FormBody?, _ channel: any Channel
  ) -> CityRequestContext {
    CityRequestContext(
      id: arrival.id, received: arrival.received, peer: arrival.peer,
      identity: arrival.identity, credential: arrival.credential,
      language: arrival.identity?.language
        ?? LanguagePreference.choose(arrival.fields.acceptLanguage),
      idempotencyKey: key, query: query, method: request.method.rawValue, path: arrival.path,
      match: arrival.match, fields: arrival.fields, reader: reader, form: form,
      channel: channel, logger: services.logger)
  }

  // MARK: - Budgets

  private func charge(anonymous arrival: Arrival, rate: RateClass = .standard) throws(Problem) {
    let budget = rate == .standard ? settings.rates.anonymous : settings.rates.budget(rate)
    guard let budget else { return }
    let key = RateLimiter.key(arrival.peer.limitKey, rate)
    if let wait = limiter.take(key, budget, now: arrival.received.milliseconds) {
      refusals.tooMany.increment()
      throw Problem(.tooMany, "too many requests from this address", retryAfter: wait)
    }
  }

  private func chargeRefusal(_ arrival: Arrival) throws(Problem) {
    refusals.unauthenticated.increment()
    guard let budget = settings.rates.refused else { return }
    let key = RateLimiter.key(arrival.peer.limitKey, .heavy)
    if let wait = limiter.take(key, budget, now: arrival.received.milliseconds) {
      throw Problem(.tooMany, "too many refused credentials from this address", retryAfter: wait)
    }
  }

  // MARK: - Answering

  private func render(
    _ error: any Error, _ request: Request, _ arrival: Arrival, _ channel: any Channel
  ) async -> Response {
    let (problem, isForeseen) = ProblemMapping.problem(for: error)
    if !isForeseen || problem.code == .internalFault || problem.code == .corrupted {
      services.logger.error(
        "request failed",
        metadata: [
          "request": .string(arrival.id.description), "method": .string(request.method.rawValue),
          "route": .string(arrival.match?.endpoint.route.path.description ?? "none"),
          "error": .string(isForeseen ? problem.detail : "\(error)"),
        ])
    }
    var response: Response?
    if let draw = arrival.match.map({ $0.endpoint.problems }) ?? fallback,
      let reader = try? BodyReader(rule: .none, fields: RequestFields(HTTPFields())),
      let query = try? Query(nil)
    {
      let context = context(
        request, arrival, query: query, key: nil, reader: reader, form: nil, channel)
      response = draw(problem, request, context)
    }
    var answer =
      response
      ?? Response(
        status: HTTPResponse.Status(code: problem.code.status),
        headers: [.contentType: ProblemBody.mediaType],
        body: ResponseBody(byteBuffer: ProblemBody.bytes(problem, instance: arrival.id)))
    if let seconds = problem.retryAfter { answer.headers[.retryAfter] = String(seconds) }
    if let allow = arrival.allow { answer.headers[.allow] = allow }
    if problem.code == .unauthenticated { answer.headers[.wwwAuthenticate] = "Bearer" }
    return answer
  }

  private func finish(_ response: inout Response, _ arrival: Arrival) {
    if arrival.match?.isHead == true { response = response.createHeadResponse() }
    security.apply(to: &response.headers, style: arrival.style)
    response.headers.append(HTTPField(name: Self.requestID, value: arrival.id.description))
    response.headers.append(HTTPField(name: .date, value: date.text(at: arrival.received)))
    let metrics = arrival.match?.endpoint.metrics ?? unrouted
    let status = response.status.code
    metrics.count(status: status)
    let elapsed = (ContinuousClock.now - arrival.start).components
    let nanoseconds = elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000
    metrics.record(nanoseconds: nanoseconds)
    guard services.logsRequests else { return }
    services.logger.debug(
      "request",
      metadata: [
        "request": .string(arrival.id.description), "status": .stringConvertible(status),
        "route": .string(arrival.match?.endpoint.route.path.description ?? "none"),
        "microseconds": .stringConvertible(nanoseconds / 1_000),
      ])
  }

  private static let requestID = HTTPField.Name("X-Request-Id") ?? .server
}

/// Refusals are counted: whoever causes them must not be able to fill a journal or a log.
private struct Refusals: Sendable {
  let unauthenticated: Counter
  let forbidden: Counter
  let forged: Counter
  let tooMany: Counter

  init(factory: any MetricsFactory) {
    func counter(_ reason: String) -> Counter {
      Counter(label: "http.refusals", dimensions: [("reason", reason)], factory: factory)
    }
    unauthenticated = counter("unauthenticated")
    forbidden = counter("forbidden")
    forged = counter("forged")
    tooMany = counter("too-many")
  }
}
