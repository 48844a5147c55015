import Access
import CityCore
import Devices
import Incidents
import Journal
import Linkage
import Operations
import Web

/// 交接班.
struct ShiftPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/shift", .permission(.readIncidents)) { visit in try await page(visit) },
      desk.action("/shift", .permission(.handoverShift)) { visit, form in
        let reader = FormReader(form, visit.words)
        guard let incoming = try reader.value("incoming", as: PrincipalID.self) else {
          throw FormReader.fault("incoming")
        }
        _ = try await visit.node.prepareShift(
          incoming: incoming, notes: form["notes"] ?? "", by: visit.principal)
        return "/shift"
      },
      desk.action("/shift/{id}/{answer}", .permission(.handoverShift)) { visit, form in
        _ = try await visit.node.answerShift(
          try visit.context.identifier("id"),
          accepts: visit.context.parameter("answer") == "sign", text: form["text"],
          by: visit.principal)
        return "/shift"
      },
    ]
  }

  private func page(_ visit: Visit) async throws -> ShiftPage {
    let node = visit.node
    let words = visit.words
    var rows: [ThingTable.Row] = []
    for kind in ["inc", "tsk", "ord", "wrn"] {
      guard let permission = Permission.reading(thingKind: kind), visit.may(permission) else {
        continue
      }
      let found = try await node.things(
        kind, for: visit.principal, page: try PageRequest(limit: 200)
      ) {
        $0.isOpen = true
        $0.owner = node.identity.node
      }
      rows += found.items.map {
        ThingTable.Row($0, at: node.identity.node, isStale: false, words: words)
      }
    }
    var sheets: [ShiftPage.Sheet] = []
    if visit.may(.readDuty) {
      let found = try await node.things(
        ShiftEvent.thingKind, for: visit.principal, page: try PageRequest(limit: 10))
      sheets = found.items.compactMap { sheet($0, visit) }
    }
    return ShiftPage(
      sheets: sheets, prepare: prepare(visit), total: rows.count, table: .overdueFirst(rows))
  }

  /// Who could come: people of this node that the visitor may see and who may take a shift.
  private func prepare(_ visit: Visit) -> UsersPage.AddForm? {
    let words = visit.words
    guard visit.may(.handoverShift) else { return nil }
    let people =
      (try? visit.node.people(
        PageRequest(limit: PageRequest.maximum), by: visit.principal))?.items ?? []
    let officers = people.filter { person in
      person.id != visit.principal.id && !person.disabled
        && person.grants.contains { PermissionTable.allows($0.role, .handoverShift) }
    }.map { ($0.id.rawValue, "\($0.displayName.text) (\($0.login.text))") }
    // Who sees no list of people types what the other one tells.
    let incoming: Field =
      officers.isEmpty
      ? .input("incoming", words["shiftIncoming"], isRequired: true)
      : .select("incoming", words["shiftIncoming"], officers, isRequired: true, empty: "")
    return UsersPage.AddForm(fields: [incoming, .area("notes", words["shiftNotes"])])
  }

  /// The name for who may see people, the pseudonym for others.
  private func name(_ id: PrincipalID, _ visit: Visit) -> String {
    (try? visit.node.person(id, by: visit.principal))?.displayName.text ?? id.rawValue
  }

  private func sheet(_ record: ThingRecord, _ visit: Visit) -> ShiftPage.Sheet? {
    guard let handover = try? ShiftHandover(record: record) else { return nil }
    let words = visit.words
    let isMine = handover.stage == .prepared && handover.sheet.incoming == visit.principal.id
    let text = Field.area("text", words.choice("field", "text"))
    let reason = Field.area("text", words["reason"], isRequired: true)
    let actions =
      isMine
      ? [
        ActionForm(
          label: words["shiftSign"], target: "/shift/\(record.id)/sign",
          formName: "sign.\(record.id)", version: record.version, tone: "primary", fields: [text]),
        ActionForm(
          label: words["shiftRefuse"], target: "/shift/\(record.id)/refuse",
          formName: "refuse.\(record.id)", version: record.version, tone: "danger",
          fields: [reason]),
      ] : []
    let stage =
      switch handover.stage {
      case .prepared: words["shiftPrepared"]
      case .signed: words["shiftSigned"]
      case .refused: words["shiftRefused"]
      }
    return ShiftPage.Sheet(
      id: record.id.rawValue, outgoing: name(handover.outgoing, visit),
      incoming: name(handover.sheet.incoming, visit),
      stage: stage, prepared: words.moment(handover.prepared), count: handover.sheet.open.count,
      notes: handover.sheet.notes.isEmpty ? nil : handover.sheet.notes, answer: handover.answer,
      canAnswer: isMine, actions: actions)
  }
}
