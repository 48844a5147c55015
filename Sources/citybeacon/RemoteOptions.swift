import ArgumentParser
import AsyncHTTPClient
import CityCore
import CityJSON
import Foundation
import NIOCore
import NIOHTTP1

/// Which running node a command talks to, and with what right.
struct RemoteOptions: ParsableArguments {
  @Option(help: "Address of the node.")
  var url = "http://127.0.0.1:7400"

  @Option(help: "File that holds a token; else the variable CITYBEACON_TOKEN.")
  var tokenFile: String?

  func client() throws -> RemoteClient {
    var token = ProcessInfo.processInfo.environment["CITYBEACON_TOKEN"]
    if let tokenFile {
      guard let data = FileManager.default.contents(atPath: tokenFile) else {
        throw Problem(.configuration, "\(tokenFile) cannot be read")
      }
      token = String(decoding: data, as: UTF8.self)
    }
    guard let token = token?.trimmingCharacters(in: .whitespacesAndNewlines), !token.isEmpty else {
      throw Problem(
        .configuration, "no token: set CITYBEACON_TOKEN or give --token-file")
    }
    return RemoteClient(base: url, token: token)
  }
}

/// The API of a node, for commands.
struct RemoteClient: Sendable {
  let base: String
  let token: String

  /// - Throws: ``Problem`` `refused` with what the node answered; `unavailable`.
  func post(_ path: String, _ body: JSONValue) async throws -> JSONValue {
    let (status, bytes) = try await send(
      .POST, path, body: try JSON.encode(body), type: "application/json")
    let value = bytes.isEmpty ? .null : try JSON.parse(bytes)
    guard (200..<300).contains(status) else {
      throw Problem(
        .refused,
        "\(status): \(value["detail"]?.stringValue ?? value["title"]?.stringValue ?? "no reason given")"
      )
    }
    return value
  }

  /// Sends one request; a fresh idempotency key goes with each POST.
  func send(
    _ method: HTTPMethod, _ path: String, body: [UInt8], type: String
  ) async throws -> (status: Int, body: [UInt8]) {
    var request = HTTPClientRequest(url: base + path)
    request.method = method
    request.headers.add(name: "authorization", value: "Bearer \(token)")
    request.headers.add(name: "content-type", value: type)
    request.headers.add(name: "idempotency-key", value: UUID().uuidString)
    request.body = .bytes(ByteBuffer(bytes: body))
    do {
      let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
      let answer = try await response.body.collect(upTo: 8 << 20)
      return (Int(response.status.code), Array(answer.readableBytesView))
    } catch let error as HTTPClientError {
      throw Problem(.unavailable, "\(base) does not answer: \(error.shortDescription)")
    }
  }
}
