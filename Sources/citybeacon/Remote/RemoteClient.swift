import AsyncHTTPClient
import CityCore
import CityJSON
import Foundation
import NIOCore
import NIOHTTP1

/// The API of a running node, for commands.
struct RemoteClient: Sendable {
  /// What a request shows to be let in.
  enum Credential: Sendable {
    case none
    case token(String)
    /// The cookie of a session, and what unsafe requests carry beside it.
    case session(cookie: String, csrf: String)
  }

  enum Method: String, Sendable { case get, post, put, patch, delete }

  struct Answer: Sendable {
    let status: Int
    /// The cookie that it sets, `name=value`.
    let cookie: String?
    let body: [UInt8]
  }

  /// Asks once: who runs a command wants to hear at once that nobody listens. Lives as long as the
  /// process, and ends with it.
  private static let http: HTTPClient = {
    var configuration = HTTPClient.Configuration(timeout: .init(connect: .seconds(5)))
    configuration.connectionPool.retryConnectionEstablishment = false
    return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  }()

  let base: String
  var credential = Credential.none

  func get(_ path: String, query: [(String, String?)] = []) async throws -> JSONValue {
    let words = query.compactMap { name, value in value.map { "\(name)=\(Self.escaped($0))" } }
    let target = words.isEmpty ? path : path + "?" + words.joined(separator: "&")
    return try Self.value(of: try await send(.get, target))
  }

  /// - Parameter seconds: how long the answer may take.
  func post(
    _ path: String, _ body: JSONValue = [:], within seconds: Int64 = 60
  ) async throws -> JSONValue {
    try await change(.post, path, body, within: seconds)
  }

  func put(_ path: String, _ body: JSONValue) async throws {
    _ = try await change(.put, path, body)
  }

  func delete(_ path: String) async throws {
    _ = try Self.value(of: try await send(.delete, path))
  }

  private func change(
    _ method: Method, _ path: String, _ body: JSONValue, within seconds: Int64 = 60
  ) async throws -> JSONValue {
    try Self.value(
      of: try await send(
        method, path, body: try JSON.encode(body), type: "application/json", within: seconds))
  }

  /// Sends one request; a fresh idempotency key goes with each POST. Waits and sends again, a few
  /// times, when the node asks for that with `Retry-After`.
  /// - Throws: ``Problem`` `unavailable` when nobody answers.
  func send(
    _ method: Method, _ path: String, body: [UInt8] = [], type: String? = nil,
    within seconds: Int64 = 60
  ) async throws -> Answer {
    var request = HTTPClientRequest(url: base + path)
    request.method = HTTPMethod(rawValue: method.rawValue.uppercased())
    request.headers.add(name: "accept", value: "application/json")
    switch credential {
    case .none: break
    case .token(let token): request.headers.add(name: "authorization", value: "Bearer \(token)")
    case .session(let cookie, let csrf):
      request.headers.add(name: "cookie", value: cookie)
      request.headers.add(name: "x-csrf-token", value: csrf)
    }
    if let type { request.headers.add(name: "content-type", value: type) }
    if method == .post {
      request.headers.add(name: "idempotency-key", value: UUID().uuidString)
    }
    if !body.isEmpty { request.body = .bytes(ByteBuffer(bytes: body)) }
    var patience = 5
    while true {
      do {
        let response = try await Self.http.execute(request, timeout: .seconds(seconds))
        let answer = try await response.body.collect(upTo: 16 << 20)
        patience -= 1
        if [429, 503].contains(response.status.code), patience > 0,
          let wait = response.headers.first(name: "retry-after").flatMap({ Int64($0) })
        {
          try await Task.sleep(for: .seconds(min(wait, 30)))
          continue
        }
        return Answer(
          status: Int(response.status.code),
          cookie: response.headers.first(name: "set-cookie")?.split(separator: ";").first
            .map { String($0) },
          body: Array(answer.readableBytesView))
      } catch let error as HTTPClientError {
        throw Problem(.unavailable, "\(base) does not answer: \(error.shortDescription)")
      } catch let error where !(error is CancellationError) {
        throw Problem(.unavailable, "\(base) does not answer: \(error)")
      }
    }
  }

  /// - Throws: ``Refusal`` with what the node answered.
  static func value(of answer: Answer) throws -> JSONValue {
    let value = answer.body.isEmpty ? JSONValue.null : (try? JSON.parse(answer.body)) ?? .null
    if (200..<300).contains(answer.status) { return value }
    throw Refusal(status: answer.status, problem: value)
  }

  /// A part of a path, or a value of a query.
  static func escaped(_ text: String) -> String {
    text.addingPercentEncoding(
      withAllowedCharacters: .alphanumerics.union(.init(charactersIn: "-._~")))
      ?? ""
  }
}

/// A node's own words for why it did not do what it was asked to (RFC 9457).
struct Refusal: Error, CustomStringConvertible {
  let status: Int
  let problem: JSONValue

  /// The fault, its parts, and what the user can do.
  var description: String {
    let what = [problem["title"], problem["detail"]].compactMap { $0?.stringValue }
    let faults = (problem["faults"]?.arrayValue ?? []).prefix(20).map {
      "\n  \($0["at"]?.stringValue ?? ""): \($0["reason"]?.stringValue ?? "")"
    }
    let remedy = problem["remedy"]?.stringValue.map { "\n  \($0)" } ?? ""
    return "\(status) \(what.joined(separator: ": "))\(faults.joined())\(remedy)"
  }
}
