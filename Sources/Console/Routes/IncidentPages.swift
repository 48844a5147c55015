import Access
import CityCore
import Geo
import Incidents
import Journal
import Linkage
import Operations
import Web

/// Cases: the list, one of them, filing one, acting on one.
struct IncidentPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/incidents", .permission(.readIncidents)) { visit in try await list(visit) },
      desk.page("/incidents/{id}", .permission(.readIncidents)) { visit in
        try await one(visit)
      },
      desk.action("/incidents/{id}/offer", .permission(.readIncidents)) { visit, form in
        guard let target = form["to"].flatMap(NodeID.init(rawValue:)) else {
          throw FormReader.fault("to")
        }
        let record = try await visit.node.offer(
          try visit.context.identifier("id"), to: target, reason: form["reason"] ?? "",
          version: try FormReader(form, visit.words).integer("version"), by: visit.principal)
        return "/incidents/\(record.id)"
      },
      desk.action("/incidents/{id}/answer", .permission(.acceptHandover)) { visit, form in
        let reason = form["reason"] ?? ""
        let input: Handover.Input =
          switch form["answer"] {
          case "accept": .accept
          case "decline": .decline(reason: reason)
          default: .withdraw(reason: reason)
          }
        let record = try await visit.node.answerOffer(
          try visit.context.identifier("id"), input, by: visit.principal)
        return "/incidents/\(record.id)"
      },
      desk.action("/incidents/{id}/{verb}", .permission(.readIncidents)) { visit, form in
        guard let verb = CaseVerb(rawValue: visit.context.parameter("verb")) else {
          throw Problem(.notFound, "there is no such action")
        }
        let reader = FormReader(form, visit.words)
        let record = try await visit.node.actOnIncident(
          try visit.context.identifier("id"), verb, try reader.input(),
          version: try reader.integer("version"), by: visit.principal)
        return visit.next(form, or: "/incidents/\(record.id)")
      },
    ]
  }

  // MARK: - The list

  private func list(_ visit: Visit) async throws -> IncidentsPage {
    let query = visit.context.query
    let words = visit.words
    let isOpen: Bool? = query["open"] == "no" ? false : query["open"] == "all" ? nil : true
    let found = try await visit.node.things(
      "inc", for: visit.principal, page: try query.page()
    ) { wanted in
      wanted.isOpen = isOpen
      wanted.minimumGrade = query["grade"].flatMap(Grade.init(rawValue:))
      if let stage = query["stage"].flatMap(Stage.init(rawValue:)) {
        wanted.stages = [stage.rawValue]
      }
      wanted.classPrefix = query["class"].flatMap { $0.isEmpty ? nil : $0 }
      wanted.jurisdiction = query["area"].flatMap(AdminCode.init(rawValue:))
      wanted.text = query["text"].flatMap { $0.isEmpty ? nil : $0 }
    }
    let rows = found.items.map {
      ThingTable.Row(
        $0, at: visit.node.identity.node, isStale: visit.isStale($0.owner), words: words)
    }
    let fields: [Field] = [
      .select(
        "open", words["filterOpen"],
        [
          ("yes", words["filterOpenYes"]), ("no", words["filterOpenNo"]),
          ("all", words["filterAll"]),
        ],
        chosen: query["open"]),
      .select(
        "grade", words["filterGrade"], words.grades, chosen: query["grade"],
        empty: words["filterAll"]),
      .select(
        "stage", words["filterStage"], Stage.allCases.map { ($0.rawValue, words($0.label)) },
        chosen: query["stage"], empty: words["filterAll"]),
      .input("class", words["filterClass"], value: query["class"] ?? ""),
      .input("area", words["filterArea"], value: query["area"] ?? ""),
      .input("text", words["filterText"], value: query["text"] ?? "", type: "search"),
    ]
    return IncidentsPage(
      canFile: visit.may(.fileIncident), fields: fields,
      table: query["open"] == nil ? .overdueFirst(rows) : ThingTable(rows),
      pager: Pager.of(found.next, visit))
  }

  // MARK: - One

  private func one(_ visit: Visit) async throws -> IncidentPage {
    let node = visit.node
    let id: ThingID = try visit.context.identifier("id")
    guard id.kind == IncidentEvent.thingKind else { throw Problem(.notFound, "no such case") }
    let record = try await node.visible(id, visit.principal)
    let incident = try Incident(record: record)
    let actions = node.allowedActions(record, for: visit.principal)
    let forms = CaseForms(
      words: visit.words,
      organisations: node.access.policy.organisations.all.map {
        ($0.id.rawValue, visit.words($0.name))
      }, classes: visit.words.names.classes.keys.sorted().map { ($0, visit.words.classCode($0)) })
    func may(_ permission: Permission) -> Bool {
      node.access.policy.decide(
        visit.principal, permission, CityNode.resource(record), now: visit.words.now
      ).isAllowed
    }
    var material = IncidentMaterial(record: record, node: node.identity.node)
    material.isStale = visit.isStale(record.owner)
    material.actions =
      handoverForms(record, visit, may)
      + forms.forms(actions, of: id, version: record.version, incident: incident)
    material.mayOrder = incident.stage.isOpen && may(.issueOrder)
    material.mayUpload = actions.contains { $0.verb == .addEvidence } && may(.writeEvidence)
    material.maySeeEvidence = may(.readEvidence)
    material.present = try await desk.present(record, visit)
    material.timeline = try await node.timeline(of: id, for: visit.principal)
    let scope = node.scope(visit.principal, .readOrders)
    material.orders = try await node.reader.children(of: [id], limit: 100).filter {
      $0.id.kind == OrderEvent.thingKind && scope.admits(CityNode.resource($0))
    }.map {
      ThingTable.Row(
        $0, at: node.identity.node, isStale: visit.isStale($0.owner), words: visit.words)
    }
    return try IncidentPage(material, words: visit.words)
  }

  /// Escalate and delegate; answer what is offered here; ask back what was offered.
  private func handoverForms(
    _ record: ThingRecord, _ visit: Visit, _ may: (Permission) -> Bool
  ) -> [ActionForm] {
    let words = visit.words
    let own = visit.node.identity.node
    let base = "/incidents/\(record.id)"
    let reason = Field.area("reason", words["reason"], isRequired: true)
    func answer(_ answer: String, _ key: String, _ tone: String, _ fields: [Field]) -> ActionForm {
      ActionForm(
        label: words[key], target: "\(base)/answer", formName: "\(answer).\(record.id)",
        version: nil, tone: tone,
        fields: [
          .select("answer", words["handoverTitle"], [(answer, words[key])], chosen: answer)
        ] + fields)
    }
    if record.offeredTo == own, record.owner != own {
      guard may(.acceptHandover) else { return [] }
      return [
        answer("accept", "handoverAccept", "primary", []),
        answer("decline", "handoverDecline", "danger", [reason]),
      ]
    }
    guard record.owner == own, record.index.isOpen else { return [] }
    if record.offeredTo != nil {
      return may(.acceptHandover) ? [answer("withdraw", "handoverWithdraw", "", [reason])] : []
    }
    let neighbours = visit.node.engine.inspect { core in
      core.links.neighbours.filter { $0.standing == .active }
    }
    func offer(_ key: String, _ targets: [Neighbour]) -> ActionForm? {
      guard !targets.isEmpty else { return nil }
      let options = targets.map { ($0.node.rawValue, words($0.name)) }
      return ActionForm(
        label: words[key], target: "\(base)/offer", formName: "\(key).\(record.id)",
        version: record.version,
        fields: [.select("to", words["handoverTo"], options, isRequired: true), reason])
    }
    let area = record.labels.jurisdiction
    return [
      may(.escalate)
        ? offer("handoverEscalate", neighbours.filter { $0.relation == .parent }) : nil,
      may(.delegate)
        ? offer(
          "handoverDelegate",
          neighbours.filter {
            $0.relation == .department
              || $0.relation == .child && $0.jurisdiction.covers(area)
          }) : nil,
    ].compactMap(\.self)
  }
}

extension Pager {
  /// The links of a list, keeping its filters.
  static func of(_ next: String?, _ visit: Visit) -> Pager? {
    let query = visit.context.query
    let kept = query.names.filter { $0 != "after" && $0 != "done" }.map {
      "\($0)=\(Desk.encoded(query[$0] ?? ""))"
    }
    func link(_ more: [String]) -> String {
      let all = kept + more
      return visit.context.path + (all.isEmpty ? "" : "?" + all.joined(separator: "&"))
    }
    let first = query["after"] == nil ? nil : link([])
    guard first != nil || next != nil else { return nil }
    return Pager(first: first, next: next.map { link(["after=\(Desk.encoded($0))"]) })
  }
}
