import Access
import CityCore
import Devices
import Incidents
import Journal
import Linkage
import Operations
import Web

/// Devices and their values.
struct DevicePages {
  let desk: Desk

  var routes: [Route] {
    guard let place = desk.services.place else { return [] }
    return [
      desk.page("/devices", .permission(.readDevices)) { visit in
        let found = try place.devices(
          DeviceFilter(text: visit.context.query["text"]), for: visit.principal,
          page: try visit.context.query.page())
        var rows: [DevicesPage.Row] = []
        for device in found.items {
          let latest = try await latest(device, visit)
          rows.append(DevicesPage.Row(device, latest: latest, words: visit.words))
        }
        return DevicesPage(
          hasDevices: !rows.isEmpty, devices: rows, pager: Pager.of(found.next, visit))
      },
      desk.page("/devices/{id}", .permission(.readDevices)) { visit in
        let device = try place.device(try visit.context.identifier("id"), for: visit.principal)
        let latest = try await latest(device, visit)
        var trends: [String: [ReadingBucket]] = [:]
        if let readings = desk.services.readings {
          let now = visit.words.now
          for reading in latest {
            trends[reading.property] = try await readings.course(
              device.id, reading.property, now - .hours(24), now, .minutes(15))
          }
        }
        return DevicePage(device, latest: latest, trends: trends, words: visit.words)
      },
    ]
  }

  /// Values for whoever may read them; others see the device without.
  private func latest(_ device: Device, _ visit: Visit) async throws -> [LatestReading] {
    guard let readings = desk.services.readings,
      visit.node.access.policy.decide(
        visit.principal, .readReadings, Resource(jurisdiction: device.jurisdiction),
        now: visit.words.now
      ).isAllowed
    else { return [] }
    return try await readings.latest(device.id)
  }
}

/// The state of the links, both ways.
struct LinkPages {
  let desk: Desk

  var routes: [Route] {
    [
      desk.page("/links", .permission(.readLinks)) { visit in
        let links = try await visit.node.linkStatus(for: visit.principal)
        return LinksPage(
          hasLinks: !links.isEmpty, links: links.map { LinksPage.Link($0, words: visit.words) })
      }
    ]
  }
}

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
      outgoing: handover.outgoing.rawValue, incoming: handover.sheet.incoming.rawValue,
      stage: stage, prepared: words.moment(handover.prepared), count: handover.sheet.open.count,
      notes: handover.sheet.notes.isEmpty ? nil : handover.sheet.notes, answer: handover.answer,
      canAnswer: isMine, actions: actions)
  }
}
