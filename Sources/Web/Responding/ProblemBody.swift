import CityCore
import CityJSON
import NIOCore

/// A problem as RFC 9457 JSON.
enum ProblemBody {
  static let mediaType = "application/problem+json"

  static func bytes(_ problem: Problem, instance: RequestID?) -> ByteBuffer {
    var json = JSONWriter(capacity: 384)
    json.beginObject()
    json.member("type", "/problems/\(problem.code.name)")
    json.member("title", problem.code.title)
    json.member("status", problem.code.status)
    json.member("detail", problem.detail)
    json.member("instance", instance?.description)
    json.member("code", problem.code.name)
    json.member("remedy", problem.code.remedy)
    if !problem.faults.isEmpty {
      json.key("faults")
      json.beginArray()
      for fault in problem.faults {
        json.beginObject()
        json.member("at", fault.at)
        json.member("reason", fault.reason)
        json.endObject()
      }
      json.endArray()
    }
    json.endObject()
    return ByteBuffer(bytes: json.bytes)
  }
}
