import CityCore
import Hummingbird
import NIOCore

/// Reads the body of a request within the limits of its route.
struct BodyReader {
  let rule: BodyRule
  let contentLength: Int?
  let isGzip: Bool

  /// What can be said from the header alone, before a byte of the body is read.
  ///
  /// - Throws: `too-large`, `unsupported-media-type`, `malformed`.
  init(rule: BodyRule, fields: RequestFields) throws(Problem) {
    self.rule = rule
    contentLength = fields.contentLength
    switch fields.contentEncoding {
    case nil: isGzip = false
    case let coding? where Self.isIdentity(coding): isGzip = false
    case let coding? where Self.isGzip(coding) && rule.acceptsGzip: isGzip = true
    default:
      throw Problem(
        .unsupportedMedia,
        rule.acceptsGzip
          ? "Content-Encoding may be gzip" : "Content-Encoding is not understood here")
    }
    if !rule.types.isEmpty { try Self.checkType(rule, fields) }
    // A compressed body says nothing of its size; it cannot be larger than its content, nearly.
    if let length = contentLength, length > rule.maximum, !rule.types.isEmpty {
      throw Self.tooLarge(rule.maximum)
    }
  }

  /// The whole body. A body that came in one piece is not copied.
  ///
  /// - Throws: as ``init(rule:fields:)``, for what only the body itself shows.
  func collect(_ body: RequestBody) async throws -> ByteBuffer {
    if isGzip { return try await inflate(body) }
    var whole = ByteBuffer()
    try await forEach(body) { part in
      if whole.readableBytes == 0 {
        whole = part
      } else {
        whole.writeImmutableBuffer(part)
      }
    }
    return whole
  }

  /// The body part by part, as it arrives; the next part is read when the closure is done.
  func forEach(
    _ body: RequestBody, _ take: (ByteBuffer) async throws -> Void
  ) async throws {
    var received = 0
    for try await part in body {
      received += part.readableBytes
      guard received <= rule.maximum else { throw Self.tooLarge(rule.maximum) }
      try await take(part)
    }
    // A connection that ends early must not look like a short body.
    if let contentLength, contentLength != received {
      throw Problem(.malformed, "the body ended after \(received) of \(contentLength) bytes")
    }
  }

  private func inflate(_ body: RequestBody) async throws -> ByteBuffer {
    let inflater = try GzipInflater(maximum: rule.maximum)
    var whole = ByteBuffer()
    try await forEach(body) { part in try inflater.feed(part, into: &whole) }
    try inflater.finish()
    return whole
  }

  private static func checkType(_ rule: BodyRule, _ fields: RequestFields) throws(Problem) {
    guard let field = fields.contentType else {
      let isEmpty = fields.contentLength == 0 || (fields.contentLength == nil && !fields.isChunked)
      if rule.isOptional, isEmpty { return }
      throw Problem(.unsupportedMedia, "Content-Type must be \(list(rule))")
    }
    let type = MediaType(field)
    guard rule.types.contains(type.essence) || rule.types == ["*/*"] else {
      throw Problem(.unsupportedMedia, "Content-Type must be \(list(rule))")
    }
    guard type.isUTF8 else { throw Problem(.unsupportedMedia, "the charset must be UTF-8") }
  }

  private static func list(_ rule: BodyRule) -> String { rule.types.joined(separator: " or ") }

  private static func tooLarge(_ maximum: Int) -> Problem {
    Problem(.tooLarge, "the body may have at most \(maximum) bytes")
  }

  private static func isGzip(_ coding: String) -> Bool {
    coding == "gzip" || coding == "x-gzip" || coding.lowercased() == "gzip"
  }
  private static func isIdentity(_ coding: String) -> Bool { coding.lowercased() == "identity" }
}
