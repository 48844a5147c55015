import CityCore
import NIOCore
import NIOHTTP1

/// The answers that are given before there is a request: made once, because whoever provokes them
/// may do so often.
struct WireProblems: Sendable {
  struct Answer: Sendable {
    let head: HTTPResponseHead
    let body: ByteBuffer
  }

  let malformed: Answer
  let headersTooLarge: Answer
  let timeout: Answer
  /// A whole response, for connections that get no HTTP pipeline to speak through.
  let full: ByteBuffer

  init() {
    malformed = Self.answer(Problem(.malformed, "this is not HTTP/1.1"))
    headersTooLarge = Self.answer(Problem(.headersTooLarge, "the header fields are too large"))
    timeout = Self.answer(Problem(.requestTimeout, "the header did not arrive in time"))
    let busy = Self.answer(
      Problem(.unavailable, "this node has too many open connections", retryAfter: 5))
    var bytes = ByteBuffer()
    bytes.writeString("HTTP/1.1 503 Service Unavailable\r\n")
    for (name, value) in busy.head.headers { bytes.writeString("\(name): \(value)\r\n") }
    bytes.writeString("\r\n")
    bytes.writeImmutableBuffer(busy.body)
    full = bytes
  }

  private static func answer(_ problem: Problem) -> Answer {
    let body = ProblemBody.bytes(problem, instance: nil)
    var headers: HTTPHeaders = [
      "content-type": ProblemBody.mediaType, "content-length": "\(body.readableBytes)",
      "connection": "close", "cache-control": "no-store", "x-content-type-options": "nosniff",
    ]
    if let seconds = problem.retryAfter { headers.add(name: "retry-after", value: "\(seconds)") }
    return Answer(
      head: HTTPResponseHead(
        version: .http1_1, status: .init(statusCode: problem.code.status), headers: headers),
      body: body)
  }
}
