import CityCore
import CityJSON

/// `application/problem+json` (RFC 9457) as it travels over a link port.
enum ProblemBody {
  static let mediaType = "application/problem+json"

  static func bytes(_ problem: Problem) -> [UInt8] {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("type", "about:blank")
    writer.member("title", problem.code.title)
    writer.member("status", problem.code.status)
    writer.member("code", problem.code.name)
    writer.member("detail", problem.detail)
    if !problem.faults.isEmpty {
      writer.key("faults")
      writer.beginArray()
      for fault in problem.faults {
        writer.beginObject()
        writer.member("at", fault.at)
        writer.member("reason", fault.reason)
        writer.endObject()
      }
      writer.endArray()
    }
    writer.member("retryAfter", problem.retryAfter)
    writer.endObject()
    return writer.bytes
  }

  /// Codes that a link port answers with. Another platform's are read by their status.
  private static let known: [Problem.Code] = [
    .malformed, .invalid, .unauthenticated, .linkRefused, .forbidden, .notFound, .methodNotAllowed,
    .refused, .conflict, .duplicate, .keyReused, .tooLarge, .tooMany, .storageFull, .unavailable,
    .quarantined, .internalFault,
  ]

  /// What an answer of `status` with this body means for us. Text of the other end is cut.
  static func problem(status: Int, body: [UInt8]) -> Problem {
    let read = try? JSON.parse(body)
    let name = read?["code"]?.stringValue
    let code =
      known.first { $0.name == name && $0.status == status }
      ?? known.first { $0.status == status } ?? .unavailable
    let detail = read?["detail"]?.stringValue.map { String($0.utf8Prefix(500)) }
    let wait = read?["retryAfter"]?.intValue.flatMap { Int(exactly: $0) }
    let faults = (read?["faults"]?.arrayValue ?? []).prefix(8).compactMap { fault in
      fault["at"]?.stringValue.flatMap { at in
        fault["reason"]?.stringValue.map {
          Problem.Fault(at: String(at.utf8Prefix(100)), reason: String($0.utf8Prefix(100)))
        }
      }
    }
    return Problem(
      code, detail ?? "the other end answered \(status)", faults: faults, retryAfter: wait)
  }
}
