public import CityJSON
public import HTTPTypes
public import Hummingbird
public import NIOCore

extension Response {
  /// JSON that is text already.
  public static func json(_ bytes: [UInt8], status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// A value as JSON.
  /// - Throws: `JSONFault` for numbers that JSON cannot express.
  public static func json(
    encoding value: some Encodable, status: HTTPResponse.Status = .ok
  ) throws(JSONFault) -> Response {
    json(try JSON.encode(value), status: status)
  }

  /// A page.
  public static func html(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "text/html; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  public static func text(_ text: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "text/plain; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  public static var noContent: Response { Response(status: .noContent) }

  /// Sends a browser to a page of ours by GET.
  /// - Parameter path: begins with one slash; anything else becomes `/`, so that no text from
  ///   outside can send a person elsewhere.
  public static func redirect(to path: String) -> Response {
    Response(status: .seeOther, headers: [.location: LocalPath.checked(path)])
  }

  /// The bytes of a body of known length; the response can still be sent.
  /// - Returns: nil for a body without a length, or a longer one.
  public func bytes(upTo maximum: Int) async throws -> ByteBuffer? {
    guard let length = body.contentLength, length <= maximum else { return nil }
    let collector = BodyCollector()
    try await body.write(collector)
    return collector.bytes
  }

  /// Adds a `Set-Cookie`; see ``SessionCookie``.
  public mutating func addCookie(_ cookie: String) {
    headers.append(HTTPField(name: .setCookie, value: cookie))
  }

  /// The fields of a file that a browser must keep, not show, and not take for anything else than
  /// it is said to be.
  /// - Parameter name: may be any text; what could be a path or break the field is replaced.
  public static func attachmentFields(
    name: String, mediaType: String, length: Int?
  ) -> HTTPFields {
    var fields: HTTPFields = [
      .contentType: SafeText.mediaType(mediaType),
      .contentDisposition: SafeText.attachment(name),
      .cacheControl: "private, no-store",
    ]
    if let length { fields[.contentLength] = String(length) }
    return fields
  }
}

/// Takes a body that was meant for a connection.
private final class BodyCollector: ResponseBodyWriter {
  private(set) var bytes = ByteBuffer()

  func write(_ buffer: ByteBuffer) async throws { bytes.writeImmutableBuffer(buffer) }
  func finish(_ trailingHeaders: HTTPFields?) async throws {}
}

/// A path on this server.
public enum LocalPath {
  /// The path itself, or `/` when it is none: `//host`, `https:`, backslashes, control characters.
  public static func checked(_ path: String) -> String {
    let bytes = path.utf8
    guard bytes.first == 0x2F, bytes.count <= 2_048, bytes.dropFirst().first != 0x2F,
      bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != 0x5C })
    else { return "/" }
    return path
  }
}

/// Text from outside in fields of ours.
enum SafeText {
  /// `attachment` with a plain name for old clients and the true one in UTF-8 (RFC 6266, RFC 8187).
  static func attachment(_ name: String) -> String {
    let kept = name.unicodeScalars.filter { scalar in
      scalar.value >= 0x20 && scalar.value != 0x7F && scalar != "/" && scalar != "\\"
    }
    var text = String(String.UnicodeScalarView(kept.prefix(120)))
    if text.allSatisfy({ $0 == "." || $0 == " " }) { text = "file" }
    let plain = String(
      text.unicodeScalars.map { scalar -> Character in
        scalar.isASCII && scalar != "\"" && scalar != "%" ? Character(scalar) : "_"
      })
    let encoded = text.utf8.map { byte -> String in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F:
        String(UnicodeScalar(byte))
      default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }.joined()
    return "attachment; filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
  }

  /// `type/subtype` of token characters, or bytes of no known kind.
  static func mediaType(_ text: String) -> String {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    let isGood =
      parts.count == 2 && text.utf8.count <= 100
      && parts.allSatisfy { part in
        !part.isEmpty
          && part.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2B, 0x5F: true
            default: false
            }
          }
      }
    return isGood ? text.lowercased() : "application/octet-stream"
  }
}
