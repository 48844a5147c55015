import Access
import CityCore
import CityJSON
import Devices
import Geo
import Hummingbird
import Incidents
import Journal
import Linkage
import Operations
import Web

/// Cases: filing, the actions of the seven stages, hand-over, timeline.
struct CaseRoutes {
  let things: ThingRoutes
  let cases: any CasesPort

  var operations: [Operation] {
    [
      things.list(
        "listIncidents", "/incidents", "incidents", "Cases.", kind: "inc",
        permission: .readIncidents), file, incident,
      things.timeline("incidentTimeline", "/incidents/{id}/timeline", "incidents", kind: "inc"),
      children, offers, escalate, delegate, accept, decline, withdraw,
    ] + CaseVerb.allCases.filter(Self.isForPeople).map(action)
  }

  /// Filing has a route of its own; changed warnings are told by rules.
  private static func isForPeople(_ verb: CaseVerb) -> Bool {
    verb != .file && verb != .changeWarning
  }

  // MARK: - Filing

  private struct Filing: Decodable {
    struct Reporter: Decodable {
      let name: String?
      let phone: String?
      let address: String?
    }
    let title: String
    let description: String?
    let classCode: String
    let grade: Grade
    let origin: CaseSource?
    let place: DeclaredPlace?
    let address: String?
    let jurisdiction: AdminCode?
    let source: String?
    let externalId: String?
    let occurred: UTCTime?
    let isRaisedAbove: Bool?
    let reporter: Reporter?
  }

  private static let filing = Schema.object([
    "title": .string(length: 1...600), "description?": .string(length: 0...16_000),
    "classCode": .string(pattern: "^[0-9A-Za-z]{1,12}$"), "grade": .grade,
    "origin?": .oneOf(CaseSource.self), "place?": .place,
    "address?": .string(length: 0...600).described("A street corner, never a home."),
    "jurisdiction?": .adminCode.described("Where the place lies, when left out."),
    "source?": .string(length: 1...64), "externalId?": .string(length: 1...200),
    "occurred?": .time, "isRaisedAbove?": .boolean,
    "reporter?": .object([
      "name?": .string(length: 1...200), "phone?": .string(length: 1...64),
      "address?": .string(length: 1...600),
    ]).described("Personal: kept in the vault, masked everywhere."),
  ])

  private var file: Operation {
    .change(
      .post, "fileIncident", "/incidents", "incidents",
      "Files a case. The same source and externalId again give the case there is.",
      access: .permission(.fileIncident), body: Self.filing,
      answer: .created("The case.", .named("Thing"))
    ) { [things, cases] request, context in
      let filing = try await context.decode(Filing.self, from: request)
      let report = try Self.report(filing, things.services.node)
      let reporter = Self.personal(filing.reporter)
      return things.answer(
        try await cases.file(report, reporter: reporter, by: try context.principal()), context,
        status: .created)
    }
  }

  private static func report(
    _ filing: Filing, _ node: any NodePort
  ) throws(Problem) -> CaseReport {
    guard (filing.source == nil) == (filing.externalId == nil) else {
      throw Problem(
        .invalid, "the case is not acceptable",
        faults: [.init(at: "/externalId", reason: "source and externalId go together")])
    }
    let place = try filing.place.map { place throws(Problem) in
      try Coordinate.declared(
        longitude: place.longitude, latitude: place.latitude, datum: place.datum, at: "/place")
    }
    guard let jurisdiction = filing.jurisdiction ?? place.flatMap(node.locate) else {
      throw Problem(
        .invalid, "the case is not acceptable",
        faults: [
          .init(
            at: "/jurisdiction",
            reason: "is needed where no place inside a known jurisdiction is given")
        ])
    }
    return CaseReport(
      title: filing.title, description: filing.description ?? "", classCode: filing.classCode,
      grade: filing.grade, source: filing.origin ?? .public, place: place,
      address: filing.address, jurisdiction: jurisdiction, externalSource: filing.source,
      externalId: filing.externalId, occurred: filing.occurred,
      isRaisedAbove: filing.isRaisedAbove ?? false)
  }

  private static func personal(_ reporter: Filing.Reporter?) -> [PersonalField] {
    let values = [
      ("reporter.name", reporter?.name), ("reporter.phone", reporter?.phone),
      ("reporter.address", reporter?.address),
    ]
    return values.compactMap { field, value in
      value.flatMap { $0.isEmpty ? nil : PersonalField(field: field, value: $0) }
    }
  }

  // MARK: - Reading

  private var incident: Operation {
    .get(
      "getIncident", "/incidents/{id}", "incidents",
      "One case with its state and what the asker may do with it.",
      access: .permission(.readIncidents), answer: .ok("The case.", .named("Thing"))
    ) { [things, cases] _, context in
      let principal = try context.principal()
      let record = try await things.services.things.thing(
        try context.thing("inc"), by: principal)
      var view = things.view(record, now: context.received, whole: true)
      view.actions = try await cases.actions(record, for: principal)
      return .json(view.json())
    }
  }

  private var children: Operation {
    .get(
      "incidentOrders", "/incidents/{id}/orders", "incidents", "The orders that serve a case.",
      access: .permission(.readOrders), answer: .ok("All of them.", .named("ThingPage"))
    ) { [things] _, context in
      let orders = try await things.services.things.children(
        of: try context.thing("inc"), by: try context.principal())
      return .page(
        orders.map { things.view($0, now: context.received).json() }, next: nil)
    }
  }

  private var offers: Operation {
    .get(
      "listOffers", "/offers", "incidents", "What neighbours offer to this node.",
      access: .permission(.acceptHandover), answer: .ok("All of them.", .named("ThingPage"))
    ) { [things, cases] _, context in
      let offers = try await cases.offers(for: try context.principal())
      return .page(offers.map { things.view($0, now: context.received).json() }, next: nil)
    }
  }

  // MARK: - Acting

  private func action(_ verb: CaseVerb) -> Operation {
    .change(
      .post, "incident-" + verb.rawValue, "/incidents/{id}/" + verb.rawValue, "incidents",
      "\(verb.label.zh) · \(verb.label.en).", access: .permission(.readIncidents),
      body: .named("CaseInput"), optional: true, answer: .ok("The case.", .named("Thing"))
    ) { [things, cases] request, context in
      let id = try context.thing("inc")
      let input = try await context.decodeIfPresent(VersionedInput.self, from: request)
      return things.answer(
        try await cases.act(
          id, verb, input?.input ?? CaseInput(), version: input?.version,
          by: try context.principal()), context)
    }
  }

  // MARK: - Hand-over

  private struct OfferBody: Decodable {
    let to: NodeID?
    let reason: String
    let version: Int?
  }

  private var escalate: Operation {
    offer(
      "escalateIncident", "escalate", "上报 · Offers the case to the parent.", access: .escalate,
      body: .object(["reason": .reason, "version?": .version]))
  }

  private var delegate: Operation {
    offer(
      "delegateIncident", "delegate", "下派 · Offers the case to a child or department.",
      access: .delegate, body: .object(["to": .name, "reason": .reason, "version?": .version]))
  }

  private func offer(
    _ id: String, _ verb: String, _ summary: String, access: Permission, body: Schema
  ) -> Operation {
    .change(
      .post, id, "/incidents/{id}/" + verb, "incidents", summary, access: .permission(access),
      body: body, answer: .ok("The case, offered.", .named("Thing"))
    ) { [things, cases] request, context in
      let thing = try context.thing("inc")
      let body = try await context.decode(OfferBody.self, from: request)
      guard access == .escalate || body.to != nil else {
        throw Problem(
          .invalid, "to whom?", faults: [.init(at: "/to", reason: "is needed")])
      }
      return things.answer(
        try await cases.offer(
          thing, to: access == .escalate ? nil : body.to, reason: body.reason,
          version: body.version, by: try context.principal()), context)
    }
  }

  private var accept: Operation {
    answering("acceptOffer", "accept-offer", "Accepts a case that a neighbour offers.") { _ in
      .accept
    }
  }
  private var decline: Operation {
    answering("declineOffer", "decline-offer", "Declines a case that a neighbour offers.") {
      .decline(reason: $0)
    }
  }
  private var withdraw: Operation {
    answering("withdrawOffer", "withdraw-offer", "Asks an offer back.") {
      .withdraw(reason: $0)
    }
  }

  private struct AnswerBody: Decodable { let reason: String? }

  private func answering(
    _ id: String, _ verb: String, _ summary: String,
    _ input: @escaping @Sendable (String) -> Handover.Input
  ) -> Operation {
    .change(
      .post, id, "/incidents/{id}/" + verb, "incidents", summary,
      access: .permission(.acceptHandover), body: .object(["reason?": .reason]), optional: true,
      answer: .ok("The case.", .named("Thing"))
    ) { [things, cases] request, context in
      let thing = try context.thing("inc")
      let body = try await context.decodeIfPresent(AnswerBody.self, from: request)
      return things.answer(
        try await cases.answerOffer(
          thing, input(body?.reason ?? ""), by: try context.principal()), context)
    }
  }
}

/// The values of an action, and the version that the asker saw.
struct VersionedInput: Decodable {
  let version: Int?
  let input: CaseInput

  private enum CodingKeys: String, CodingKey { case version }

  init(from decoder: any Decoder) throws {
    version = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(
      Int.self, forKey: .version)
    input = try CaseInput(from: decoder)
  }
}
