import Access
import CityCore
import CityJSON
import Devices
import Hummingbird
import NIOCore
import Web

/// Takes readings in. The busiest route: rows are looked at where the parser left them, and nothing
/// is made for each of them.
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
        "How many rows were stored, how many were there already, and each that was refused.",
        .object([
          "accepted": .integer(), "duplicates": .integer(),
          "rejected": .array(
            .object(["row": .integer(), "code": .string(), "reason": .string()])),
        ])), rate: .ingest
    ) { [readings] request, context in
      let body = try await context.body(of: request)
      let ndjson = context.contentType == "application/x-ndjson"
      var validator = try readings.validator(
        for: try context.principal(), now: context.received,
        capacity: max(1, body.readableBytes / 64))
      var unreadable: [RejectedRow] = []
      do throws(JSONFault) {
        try Self.parse(body, ndjson: ndjson, into: &validator, &unreadable)
      } catch {
        throw ProblemMapping.problem(for: error)
      }
      var rejected = validator.rejected + unreadable
      var duplicates = 0
      let accepted = validator.accepted.count
      if accepted > 0 {
        let late = try await readings.store(validator.accepted)
        rejected += late.rejected
        duplicates = late.duplicates
        rejected.sort { $0.row < $1.row }
        return Self.answer(
          accepted: accepted - late.rejected.count - duplicates, duplicates, rejected)
      }
      rejected.sort { $0.row < $1.row }
      return Self.answer(accepted: 0, duplicates, rejected)
    }
  }

  private static func parse(
    _ body: ByteBuffer, ndjson: Bool, into validator: inout ReadingValidator,
    _ unreadable: inout [RejectedRow]
  ) throws(JSONFault) {
    var failure: JSONFault?
    body.withUnsafeReadableBytes { bytes in
      do throws(JSONFault) {
        try JSONReadings.parse(
          bytes, ndjson: ndjson, maximumRows: Limits.readingsRows,
          maximumBytes: Limits.readingsBody,
          refused: { row in
            unreadable.append(
              RejectedRow(row: row.index, code: row.code.rawValue, reason: row.reason))
          },
          body: { row in
            var time: UTCTime?
            if let text = row.time {
              time = UTCTime.parse(text)
              guard time != nil else {
                _ = validator.reject(row.index, .badTime)
                return
              }
            }
            validator.add(
              row: row.index, device: row.device, property: row.property, value: row.value,
              unit: row.unit, time: time)
          })
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
  }

  private static func answer(
    accepted: Int, _ duplicates: Int, _ rejected: [RejectedRow]
  ) -> Response {
    if rejected.isEmpty, duplicates == 0, accepted == 1 { return .json(one) }
    var json = JSONWriter(capacity: 64 + rejected.count * 96)
    json.beginObject()
    json.member("accepted", accepted)
    json.member("duplicates", duplicates)
    json.key("rejected")
    json.beginArray()
    for row in rejected {
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
