import ArgumentParser
import CityCore
import CityJSON
import Foundation

/// Which running node a command talks to, and with what right.
struct RemoteOptions: ParsableArguments {
  @Option(help: "Address of the node.")
  var url = "http://127.0.0.1:7400"

  @Option(help: "File that holds a token; else the variable CITYBEACON_TOKEN.")
  var tokenFile: String?

  @Option(
    help: """
      Log in as this person instead, for this command alone. The password is the variable \
      CITYBEACON_PASSWORD, else it is asked for.
      """)
  var login: String?

  /// Runs a command's work with the right that was given, and ends a session that it began.
  func run<Value>(_ work: (RemoteClient) async throws -> Value) async throws -> Value {
    guard let login else { return try await work(try client()) }
    let client = try await Session.begin(
      at: base, login: login, password: try Secret.password(of: login))
    do {
      let value = try await work(client)
      await Session.end(client)
      return value
    } catch {
      await Session.end(client)
      throw error
    }
  }

  var base: String {
    get throws {
      guard let parts = URLComponents(string: url), ["http", "https"].contains(parts.scheme),
        parts.host?.isEmpty == false
      else { throw Problem(.configuration, "\(url) is no address such as http://127.0.0.1:7400") }
      return url.hasSuffix("/") ? String(url.dropLast()) : url
    }
  }

  /// A client with a token.
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
        .configuration, "no credential: give --login, --token-file or CITYBEACON_TOKEN")
    }
    // Anything else would end up in a header.
    guard token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
      throw Problem(.configuration, "what should be a token is none")
    }
    return RemoteClient(base: try base, credential: .token(token))
  }
}

/// A person's session that lasts for one command.
enum Session {
  /// - Throws: ``Refusal`` for a wrong password; ``Problem`` `refused` for a one-time password, which
  ///   permits nothing but being changed, unless it `mayBeOneTime`.
  static func begin(
    at base: String, login: String, password: String, mayBeOneTime: Bool = false
  ) async throws -> RemoteClient {
    var client = RemoteClient(base: base)
    var body: JSONValue = ["login": .string(login), "password": .string(password)]
    var (answer, cookie) = try await logIn(client, body)
    if answer["codeNeeded"]?.boolValue == true {
      body["code"] = .string(try Secret.read("Code of the authenticator of \(login)"))
      (answer, cookie) = try await logIn(client, body)
    }
    guard let cookie, let csrf = answer["csrfToken"]?.stringValue else {
      throw Problem(.unavailable, "\(base) began no session")
    }
    client.credential = .session(cookie: cookie, csrf: csrf)
    if answer["passwordChangeDue"]?.boolValue == true, !mayBeOneTime {
      await end(client)
      throw Problem(
        .refused,
        "that is a one-time password: change it first with `citybeacon user password \(login)`")
    }
    return client
  }

  private static func logIn(
    _ client: RemoteClient, _ body: JSONValue
  ) async throws -> (JSONValue, cookie: String?) {
    let answer = try await client.send(
      .post, "/api/v1/session", body: try JSON.encode(body), type: "application/json")
    return (try RemoteClient.value(of: answer), answer.cookie)
  }

  /// Best effort: a session that could not be ended ends by itself.
  static func end(_ client: RemoteClient) async {
    try? await client.delete("/api/v1/session")
  }
}
