import Access
import CityCore
import CityJSON
import Hummingbird
import Warnings
import Web

/// Warnings: lists, the folded view, and what people do with them.
struct WarningRoutes {
  let things: ThingRoutes
  let warnings: any WarningsPort

  var operations: [Operation] {
    [
      things.list(
        "listWarnings", "/warnings", "warnings", "Warnings.", kind: "wrn",
        permission: .readWarnings,
        more: [
          .init("rule", .string(length: 1...64), "Of this rule."),
          .init("subject", .string(length: 1...64), "About this device."),
        ]), folded,
      things.detail("getWarning", "/warnings/{id}", "warnings", "One warning.", kind: "wrn"),
      things.timeline("warningTimeline", "/warnings/{id}/timeline", "warnings", kind: "wrn"),
      acknowledge, dismiss,
    ]
  }

  private var folded: Operation {
    .get(
      "foldWarnings", "/warnings/folded", "warnings",
      "The open warnings in at most twenty lines by area and rule.",
      access: .permission(.readWarnings),
      answer: .ok(
        "The lines, the gravest first; each with the warnings in it.",
        .object([
          "total": .integer(),
          "items": .array(
            .object([
              "area?": .adminCode, "rule?": .string(), "ruleName?": .label, "grade": .grade,
              "count": .integer(), "newest": .time, "warnings": .array(.thing("wrn")),
            ])),
        ]))
    ) { [warnings] _, context in
      let (lines, total) = try await warnings.folded(by: try context.principal())
      var json = JSONWriter(capacity: 4_096)
      json.beginObject()
      json.member("total", total)
      json.key("items")
      json.beginArray()
      for line in lines { json.raw(try Self.show(line)) }
      json.endArray()
      json.endObject()
      return .json(json.bytes)
    }
  }

  private static func show(_ line: FoldLine) throws -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.member("area", line.area?.rawValue)
    json.member("rule", line.rule)
    if let name = line.ruleName {
      json.key("ruleName")
      try json.encode(name)
    }
    json.member("grade", line.grade.rawValue)
    json.member("count", line.count)
    json.member("newest", line.newest.description)
    json.key("warnings")
    json.beginArray()
    for item in line.items { json.string(item.id.rawValue) }
    json.endArray()
    json.endObject()
    return json.bytes
  }

  private var acknowledge: Operation {
    .change(
      .post, "acknowledgeWarning", "/warnings/{id}/acknowledge", "warnings",
      "Says that somebody has seen it; it stops to ring.",
      access: .permission(.acknowledgeWarning), answer: .ok("The warning.", .named("Thing"))
    ) { [things, warnings] _, context in
      things.answer(
        try await warnings.acknowledge(try context.thing("wrn"), by: try context.principal()),
        context)
    }
  }

  private var dismiss: Operation {
    .change(
      .post, "dismissWarning", "/warnings/{id}/dismiss", "warnings",
      "Marks it as a false alarm, with a reason.", access: .permission(.dismissWarning),
      body: ReasonBody.schema, answer: .ok("The warning.", .named("Thing"))
    ) { [things, warnings] request, context in
      let id = try context.thing("wrn")
      let reason = try await context.decode(ReasonBody.self, from: request).reason
      return things.answer(
        try await warnings.dismiss(id, reason: reason, by: try context.principal()), context)
    }
  }
}

/// A body that holds a reason.
struct ReasonBody: Decodable {
  let reason: String
  static let schema = Schema.object(["reason": .reason])
}
