import Access
import CityCore
import Hummingbird
import Web

/// 交接班: the open items pass from one duty officer to the next.
struct ShiftRoutes {
  let things: ThingRoutes
  let shifts: any ShiftsPort

  var operations: [Operation] {
    [
      things.list(
        "listShifts", "/shifts", "duty", "Shift hand-overs.", kind: "sft", permission: .readDuty),
      prepare, items, answer("sign", accepts: true, "The incoming officer signs."),
      answer("refuse", accepts: false, "The incoming officer objects, with a reason."),
    ]
  }

  private struct PrepareBody: Decodable {
    let incoming: PrincipalID
    let began: UTCTime?
    let notes: String?
  }

  private var prepare: Operation {
    .change(
      .post, "prepareShift", "/shifts", "duty",
      "The outgoing officer hands over everything that is open.",
      access: .permission(.handoverShift),
      body: .object(["incoming": .name, "began?": .time, "notes?": .string(length: 0...16_000)]),
      answer: .created("The hand-over.", .named("Thing"))
    ) { [things, shifts] request, context in
      let body = try await context.decode(PrepareBody.self, from: request)
      return things.answer(
        try await shifts.prepareShift(
          incoming: body.incoming, began: body.began, notes: body.notes ?? "",
          by: try context.principal()), context, status: .created)
    }
  }

  private var items: Operation {
    .get(
      "shiftItems", "/shifts/{id}/items", "duty", "What a hand-over lists, as it is now.",
      access: .permission(.readDuty), answer: .ok("All of it.", .named("ThingPage"))
    ) { [things, shifts] _, context in
      let items = try await shifts.shiftItems(
        try context.thing("sft"), by: try context.principal())
      return .page(items.map { things.view($0, now: context.received).json() }, next: nil)
    }
  }

  private struct AnswerBody: Decodable { let text: String? }

  private func answer(_ verb: String, accepts: Bool, _ summary: String) -> Operation {
    .change(
      .post, "shift-" + verb, "/shifts/{id}/" + verb, "duty", summary,
      access: .permission(.handoverShift), body: .object(["text?": .string(length: 0...16_000)]),
      optional: true, answer: .ok("The hand-over.", .named("Thing"))
    ) { [things, shifts] request, context in
      let id = try context.thing("sft")
      let text = try await context.decodeIfPresent(AnswerBody.self, from: request)?.text
      return things.answer(
        try await shifts.answerShift(id, accepts: accepts, text: text, by: try context.principal()),
        context)
    }
  }
}
