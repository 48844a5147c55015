import Access
import CityCore
import CityJSON
import Foundation
import FoundationNetworking
import HelperKit
import Operations
import Synchronization
import Web

@testable import Node

/// The open HTTP face of a station, and who asks there.
struct Face: Sendable {
  let port: Int

  struct Answer {
    let status: Int
    let text: String
    var json: JSONValue { (try? JSON.parse(Array(text.utf8))) ?? .null }
  }

  private func request(
    _ method: String, _ path: String, _ token: String, _ body: [UInt8]?, _ type: String,
    _ fields: [String: String] = [:]
  ) throws -> URLRequest {
    guard let url = URL(string: "http://127.0.0.1:\(port)\(path)") else {
      throw Unexpected(description: "\(path) is no path")
    }
    var request = URLRequest(url: url)
    request.httpMethod = method
    request.setValue("Bearer " + token, forHTTPHeaderField: "Authorization")
    for (name, value) in fields { request.setValue(value, forHTTPHeaderField: name) }
    if let body {
      request.httpBody = Data(body)
      request.setValue(type, forHTTPHeaderField: "Content-Type")
    }
    return request
  }

  func ask(
    _ method: String, _ path: String, by token: String, _ body: String? = nil,
    type: String = "application/json"
  ) async throws -> Answer {
    let request = try request(method, path, token, body.map { Array($0.utf8) }, type)
    let (data, response) = try await URLSession.shared.data(for: request)
    return Answer(
      status: (response as? HTTPURLResponse)?.statusCode ?? 0,
      text: String(decoding: data, as: UTF8.self))
  }

  /// As above, of the API, and it must succeed.
  func done(
    _ method: String, _ path: String, by token: String, _ body: String? = nil,
    type: String = "application/json"
  ) async throws -> JSONValue {
    let answer = try await ask(method, "/api/v1" + path, by: token, body, type: type)
    guard (200..<300).contains(answer.status) else {
      throw Unexpected(description: "\(method) \(path): \(answer.status) \(answer.text)")
    }
    return answer.json
  }

  /// Listens to an event stream.
  func listen(
    _ path: String = "/api/v1/events", by token: String, after last: String? = nil
  ) throws -> Listener {
    try Listener(
      request("GET", path, token, nil, "", last.map { ["Last-Event-ID": $0] } ?? [:]))
  }
}

/// One open event stream.
final class Listener: NSObject, URLSessionDataDelegate, Sendable {
  private let chunks: AsyncStream<String>
  private let source: AsyncStream<String>.Continuation
  private let heard = Mutex("")
  private let task = Mutex<URLSessionDataTask?>(nil)
  private let session = Mutex<URLSession?>(nil)

  init(_ request: URLRequest) throws {
    (chunks, source) = AsyncStream.makeStream()
    super.init()
    let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
    let task = session.dataTask(with: request)
    self.session.withLock { $0 = session }
    self.task.withLock { $0 = task }
    task.resume()
  }

  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    source.yield(String(decoding: data, as: UTF8.self))
  }

  func urlSession(
    _ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?
  ) {
    source.finish()
  }

  /// Everything up to and with a text that must come; what came after it in one piece is kept back.
  func hear(through mark: String) async throws -> String {
    func taken() -> String? {
      heard.withLock { heard in
        guard let found = heard.range(of: mark) else { return nil }
        let text = String(heard[..<found.upperBound])
        heard.removeSubrange(..<found.upperBound)
        return text
      }
    }
    if let text = taken() { return text }
    for await chunk in chunks {
      heard.withLock { $0 += chunk }
      if let text = taken() { return text }
    }
    throw Unexpected(
      description: "the stream ended without \(mark): \(heard.withLock { $0 })")
  }

  func close() {
    task.withLock { $0?.cancel() }
    session.withLock { $0?.invalidateAndCancel() }
  }
}

extension Station {
  /// Opens the face while `body` runs.
  func facing<Value: Sendable>(
    _ body: @Sendable (Face) async throws -> Value
  ) async throws -> Value {
    try await parts.place.start()
    let web = try parts.webServer(ListenerSettings())
    let hub = parts.events
    let (ports, bound) = AsyncStream<Int>.makeStream()
    return try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { bound.finish() }
        try await web.run { bound.yield($0) }
      }
      var iterator = ports.makeAsyncIterator()
      guard let port = await iterator.next() else {
        try await group.waitForAll()
        throw Unexpected(description: "the face did not open")
      }
      let result: Result<Value, any Error>
      do { result = .success(try await body(Face(port: port))) } catch {
        result = .failure(error)
      }
      hub.close()
      try await web.shutdown()
      try await group.waitForAll()
      return try result.get()
    }
  }

  /// A token of a program that holds roles in an organisation, over some ground.
  func token(
    _ name: String, _ roles: [Role], in organisation: String, over ground: String,
    expires: UTCTime? = nil
  ) async throws -> (id: ThingID, text: String) {
    guard let holder = PrincipalID(rawValue: "prg-\(name)"),
      let organisation = PrincipalID(rawValue: organisation),
      let ground = AdminCode(rawValue: ground)
    else { throw Unexpected(description: "no such token") }
    let issued = try await parts.city.issueToken(
      TokenRequest(
        kind: .program, principal: holder, name: "mark-of-\(name)",
        scopes: Permission.allCases.filter { permission in
          roles.contains { PermissionTable.allows($0, permission) }
        },
        grants: roles.map { Grant(role: $0, organisation: organisation, jurisdiction: ground) },
        jurisdiction: ground, organisation: organisation,
        expires: expires ?? parts.clock.now() + .days(1)), by: administrator)
    return (issued.token.id, issued.text)
  }
}
