import Access
import CityCore
import CityJSON
import Hummingbird
import Web

/// The node itself and its event stream.
struct NodeRoutes {
  let services: APIServices

  var operations: [Operation] { [describe, events] }

  private var describe: Operation {
    .get(
      "describeNode", "/node", "node", "What this node is.", access: .authenticated,
      answer: .ok("Name, level, jurisdiction and software.", .object)
    ) { [services] _, _ in
      try .json(encoding: try await services.node.describe())
    }
  }

  private var events: Operation {
    var answer = Operation.Answer.ok(
      "Server-sent events. `reset`: load your state anew; `end`: the stream ends, with a reason.",
      .string())
    answer.mediaType = "text/event-stream"
    return .get(
      "streamEvents", "/events", "node",
      "What happens, as it happens; resumes after Last-Event-ID.", access: .authenticated,
      parameters: [
        .init("kinds", .string(length: 1...500), "Kinds or prefixes, with commas between."),
        .init("jurisdiction", .adminCode, "Only what lies in or below it."),
      ], answer: answer
    ) { [services] _, context in
      let audience = try services.audience.filter(for: try context.principal())
      let kinds = (context.query["kinds"] ?? "").split(separator: ",").map(String.init)
      let ground = try context.query.value("jurisdiction", as: AdminCode.self)
      return try services.events.response(to: context, until: audience.until) { event in
        (kinds.isEmpty || kinds.contains { event.kind.hasPrefix($0) })
          && ground.map { $0.covers(event.resource.jurisdiction) } ?? true
          && audience.admits(event)
      }
    }
  }
}
