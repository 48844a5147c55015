public import CityCore
import FoundationEssentials
public import Hummingbird
import NIOCore

/// The files of a folder, held in memory and known by name: a path that names none of them, however
/// it is written, leads nowhere.
///
/// A name with a hash in it (`app.3f2a9c81.js`) is cached for ever; others are asked for again with
/// their entity tag. `name.gz` beside `name` is sent to whoever takes gzip.
public struct AssetDirectory: Sendable {
  /// Bytes of all files. More does not belong into memory.
  public static let maximumBytes = 64 << 20

  struct File: Sendable {
    let body: ByteBuffer
    let compressed: ByteBuffer?
    let mediaType: String
    let tag: String
    let isImmutable: Bool
  }

  private let files: [String: File]

  /// Reads the folder.
  /// - Throws: `configuration` when it is missing, unreadable or too large.
  public init(path: String) throws(Problem) {
    var contents: [String: ByteBuffer] = [:]
    var total = 0
    do {
      for name in try FileManager.default.subpathsOfDirectory(atPath: path).sorted() {
        let file = path + "/" + name
        guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }),
          try FileManager.default.attributesOfItem(atPath: file)[.type] as? FileAttributeType
            == .typeRegular
        else { continue }
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        total += data.count
        contents[name] = ByteBuffer(bytes: data)
      }
    } catch {
      throw Problem(.configuration, "the assets in \(path) cannot be read: \(error)")
    }
    guard total <= Self.maximumBytes else {
      throw Problem(.configuration, "the assets in \(path) have \(total) bytes")
    }
    self.init(contents: contents)
  }

  /// Files by their path, such as `js/app.js`.
  init(contents: [String: ByteBuffer]) {
    var files: [String: File] = [:]
    for (name, body) in contents {
      if name.hasSuffix(".gz"), contents[String(name.dropLast(3))] != nil { continue }
      var hash = StableHash()
      body.withUnsafeReadableBytes { hash.update($0) }
      files[name] = File(
        body: body, compressed: contents[name + ".gz"], mediaType: Self.mediaType(name),
        tag: Hex.string(hash.finish().prefix(12)), isImmutable: Self.hasHash(name))
    }
    self.files = files
  }

  /// The paths of all files, sorted.
  public var names: [String] { files.keys.sorted() }

  /// A file.
  /// - Parameter name: as it stood in the URL, percent-decoded.
  /// - Throws: `not-found`.
  public func response(
    _ name: String, to request: Request
  ) throws(Problem) -> Response {
    guard let file = files[name] else { throw Problem(.notFound, "no such file") }
    let isCompressed =
      file.compressed != nil && Self.takesGzip(request.headers[.acceptEncoding])
    let tag = "\"\(file.tag)\(isCompressed ? "-gz" : "")\""
    var headers: HTTPFields = [
      .eTag: tag,
      .cacheControl: file.isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
    ]
    if file.compressed != nil { headers[.vary] = "Accept-Encoding" }
    if Self.matches(request.headers[.ifNoneMatch], tag) {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = file.mediaType
    if isCompressed { headers[.contentEncoding] = "gzip" }
    let body = isCompressed ? file.compressed ?? file.body : file.body
    return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
  }

  /// A route that serves the folder to anybody: scripts, styles, pictures.
  /// - Parameter prefix: such as `/assets`.
  public func route(under prefix: String) -> Route {
    Route.get(
      PathPattern(prefix + "/{path...}"), access: .public, rate: .free
    ) { request, context in
      try response(context.parameter("path"), to: request)
    }
  }

  // MARK: -

  private static func matches(_ field: String?, _ tag: String) -> Bool {
    guard let field else { return false }
    return field == "*"
      || field.split(separator: ",").contains { part in
        var part = part.drop { $0 == " " }
        if part.hasPrefix("W/") { part = part.dropFirst(2) }
        return part == tag
      }
  }

  private static func takesGzip(_ field: String?) -> Bool {
    guard let field else { return false }
    return field.lowercased().split(separator: ",").contains { part in
      let pieces = part.split(separator: ";").map { $0.filter { $0 != " " } }
      guard pieces.first == "gzip" else { return false }
      return !pieces.dropFirst().contains { $0 == "q=0" || $0 == "q=0.0" }
    }
  }

  /// `name.HASH.ext` with eight or more hexadecimal digits.
  private static func hasHash(_ name: String) -> Bool {
    let parts = name.split(separator: "/").last?.split(separator: ".") ?? []
    guard parts.count >= 3 else { return false }
    return parts.dropFirst().dropLast().contains { part in
      part.utf8.count >= 8 && part.allSatisfy { $0.isHexDigit && !$0.isUppercase }
    }
  }

  private static func mediaType(_ name: String) -> String {
    switch name.split(separator: ".").last?.lowercased() {
    case "html": "text/html; charset=utf-8"
    case "css": "text/css; charset=utf-8"
    case "js", "mjs": "text/javascript; charset=utf-8"
    case "json", "map": "application/json"
    case "svg": "image/svg+xml"
    case "png": "image/png"
    case "jpg", "jpeg": "image/jpeg"
    case "webp": "image/webp"
    case "ico": "image/x-icon"
    case "woff2": "font/woff2"
    case "wav": "audio/wav"
    case "mp3": "audio/mpeg"
    case "ogg": "audio/ogg"
    case "txt": "text/plain; charset=utf-8"
    default: "application/octet-stream"
    }
  }
}
