import CityCore
public import Hummingbird
public import NIOCore

/// What a form says before its file begins.
public struct FileFormHead: Sendable {
  /// The fields that stand before the file.
  public let fields: FormBody
  public let fileName: String
  /// Lower case, without parameters; what the browser says.
  public let mediaType: String
}

/// Takes the file of a form.
public protocol FileFormSink: Sendable {
  func write(_ bytes: ByteBuffer) async throws
  /// The rest of the form did not come, or was not acceptable: leaves nothing behind.
  func cancel() async
}

extension BodyRule {
  /// A form with a file of at most `maximum` bytes.
  public static func fileForm(_ maximum: Int) -> BodyRule {
    BodyRule(
      maximum: maximum + MultipartParser.maximumField, types: ["multipart/form-data"])
  }
}

extension CityRequestContext {
  /// Reads a form with one file. The form's token is checked before the file is given on; a form
  /// with a file is refused where a route does not read it with this.
  ///
  /// - Parameters:
  ///   - begin: called once, when the file begins; gives what takes its bytes.
  /// - Returns: what `begin` gave; the file is whole then.
  /// - Throws: `malformed`, `forbidden` without the session's token, `too-large`, `invalid` without
  ///   a file.
  public func fileForm<Sink: FileFormSink>(
    of request: Request, begin: (FileFormHead) async throws -> Sink
  ) async throws -> Sink {
    var parser = try MultipartParser(
      boundary: fields.contentType.flatMap { MediaType($0).boundary })
    var pairs: [(name: String, value: String)] = []
    var sink: Sink?
    var room = reader.rule.maximum - MultipartParser.maximumField
    do {
      try await reader.forEach(request.body) { bytes in
        for event in try parser.feed(bytes) {
          switch event {
          case .field(let name, let value): pairs.append((name, value))
          case .file(_, let fileName, let mediaType):
            guard sink == nil else { throw Problem(.malformed, "the form has two files") }
            let form = FormBody(pairs)
            try checkToken(form)
            sink = try await begin(
              FileFormHead(fields: form, fileName: fileName, mediaType: mediaType))
          case .bytes(let part):
            room -= part.readableBytes
            guard room >= 0 else { throw Problem(.tooLarge, "the file is too large") }
            try await sink?.write(part)
          case .fileEnd: break
          }
        }
      }
      try parser.finish()
    } catch {
      await sink?.cancel()
      throw error
    }
    guard let sink else { throw Problem(.invalid, "the form has no file") }
    return sink
  }

  private func checkToken(_ form: FormBody) throws(Problem) {
    guard case .session(_, let expected)? = identity?.proof, fields.csrfToken == nil else { return }
    try ForgeryCheck.checkToken(form[FormBody.csrfField], expected: expected)
  }
}
