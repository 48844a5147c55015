import Access
import CityCore
import CityJSON
import Hummingbird
import Operations
import Web

/// Takes readings in: the busiest route.
struct ReadingRoutes {
  let readings: any ReadingsPort

  var operations: [Operation] { [ingest] }

  private static let row = Schema.object([
    "device": .string(), "property": .string(), "value": .number, "unit?": .string(),
    "time?": .time, "id?": .string(),
  ])

  private var ingest: Operation {
    Operation(
      id: "sendReadings", method: .post, path: "/readings", tag: "devices",
      summary:
        "Stores readings; answered when they are durable. One object, an array, or NDJSON.",
      access: .permission(.writeReadings), body: .array(Self.row, count: 0...Limits.readingsRows),
      rule: BodyRule(
        maximum: Limits.readingsBody, types: ["application/json", "application/x-ndjson"],
        acceptsGzip: true),
      answer: .ok(
        "How many rows are durable now, how many of them were there already, and each that was refused.",
        .object([
          "accepted": .integer(), "duplicates": .integer(),
          "rejected": .array(
            .object(["row": .integer(), "code": .string(), "reason": .string()])),
        ])), rate: .ingest, isBrief: true
    ) { [readings] request, context in
      let reply = try await readings.ingest(
        try await context.body(of: request),
        ndjson: context.contentType == "application/x-ndjson", by: try context.principal())
      return Self.answer(reply)
    }
  }

  private static func answer(_ reply: IngestReply) -> Response {
    if reply.rejected.isEmpty, reply.duplicates == 0, reply.accepted == 1 { return .json(one) }
    var json = JSONWriter(capacity: 64 + reply.rejected.count * 96)
    json.beginObject()
    json.member("accepted", reply.accepted)
    json.member("duplicates", reply.duplicates)
    json.key("rejected")
    json.beginArray()
    for row in reply.rejected {
      json.beginObject()
      json.member("row", row.row)
      json.member("code", row.code)
      json.member("reason", row.reason)
      json.endObject()
    }
    json.endArray()
    json.endObject()
    return .json(json.bytes)
  }

  /// What most devices are answered.
  private static let one = Array(#"{"accepted":1,"duplicates":0,"rejected":[]}"#.utf8)
}
