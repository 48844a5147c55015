import Access
import CityCore
import Operations

/// The keys of webhooks, sealed under the node's master key.
struct WebhookSecrets: Sendable {
  private let box: SecretBox

  /// - Throws: ``Problem`` `configuration`.
  init(masterKey: [UInt8]) throws(Problem) { box = try SecretBox(masterKey: masterKey) }

  func seal(_ secret: String, of webhook: String) throws(Problem) -> String {
    var random = SystemRandom()
    return try box.seal(Array(secret.utf8), context: "webhook/\(webhook)", random: &random)
  }

  /// - Throws: ``Problem`` `corrupted`.
  func open(_ sealed: String, of webhook: String) throws(Problem) -> [UInt8] {
    try box.open(sealed, context: "webhook/\(webhook)")
  }

  /// 256 random bits in hexadecimal.
  static func fresh() -> String {
    var random = SystemRandom()
    return Hex.string(random.bytes(32))
  }
}

extension CommandEngine {
  /// As `perform`, with every failure as a ``Problem``.
  func asked<Value: Sendable>(
    _ body:
      @escaping @Sendable (inout CommandCore, UTCTime, any NodeStore, inout CoreOutcome) throws ->
      Value
  ) async throws(Problem) -> Value {
    try await Problem.from { try await self.perform(body) }
  }
}

extension Problem {
  /// Runs what may fail in any way.
  static func from<Value: Sendable>(
    _ body: () async throws -> Value
  ) async throws(Problem) -> Value {
    do {
      return try await body()
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem(.unavailable, "the store does not answer")
    }
  }
}
