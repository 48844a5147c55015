import Access
import CityCore
import CityJSON
import Foundation
import HTTPAPI
import Journal
import Linkage
import Operations
import StoreSQLite
import Testing

@testable import Node

/// Two streets and two units share a node, beside the node's own command. Each is asked for by
/// somebody who holds every role there is, but only there: whatever they find of another is a leak.
@Suite(.serialized, .timeLimit(.minutes(3))) struct `Who sees nothing of another` {
  /// One of those who share the node.
  struct Side {
    let name: String
    let organisation: String
    let ground: String
    /// The unit that its cases go to.
    var unit: String? { organisation == "org-district-1" ? nil : organisation }
    var token = ""
    /// By kind, such as `inc`.
    var ids: [String: String] = [:]
    /// SHA-256 of the file of its case.
    var file = ""
    /// Whose case the order of this side serves.
    var served = ""
    /// What only this side may see.
    var secrets: [String] { ids.values + [mark, file] }

    /// Of that what another side may not. An order says which case it serves and a case what serves
    /// it: the bare id is told, and nothing is found under it.
    func secrets(from other: Side) -> [String] {
      guard served == other.name || other.served == name else { return secrets }
      return secrets.filter { $0 != ids["inc"] && $0 != ids["ord"] }
    }
    var mark: String { "mark-of-\(name)" }
  }

  private static let roles: [Role] = [
    .administrator, .commander, .dutyOfficer, .dispatcher, .handler, .inspector, .auditor, .viewer,
  ]

  static let sides = [
    Side(name: "east", organisation: "org-district-1", ground: "330106001"),
    Side(name: "west", organisation: "org-district-1", ground: "330106002"),
    Side(name: "drains", organisation: "org-drains", ground: "330106"),
    Side(name: "lights", organisation: "org-lights", ground: "330106"),
  ]

  private func station() async throws -> Station {
    let station = try await Station { _ in }
    for unit in ["drains", "lights"] {
      _ = try await station.parts.city.addOrganisation(
        id: PrincipalID(rawValue: "org-\(unit)"), name: Label(zh: unit, en: unit), kind: .unit,
        jurisdiction: station.parts.city.identity.jurisdiction,
        parent: PrincipalID(rawValue: "org-district-1"), by: station.administrator)
    }
    try await station.parts.engine.perform { core, now, store, outcome in
      try core.addNeighbour(
        Neighbour(
          node: #require(NodeID(rawValue: "street-1")), relation: .child, level: .street,
          name: Label(zh: "一街", en: "First Street"),
          jurisdiction: #require(AdminCode(rawValue: "330106001")),
          publicKey: [UInt8](repeating: 3, count: 32), since: now), by: core.actor(.node), now: now,
        store: store, outcome: &outcome)
    }
    return station
  }

  /// The node's own command.
  private func command(_ station: Station) async throws -> String {
    try await station.token("command", Self.roles, in: "org-district-1", over: "330106").text
  }

  // MARK: - Making things

  private func fileCase(
    _ side: Side, _ face: Face, _ boss: String, number: Int = 1
  ) async throws -> String {
    // What belongs to a unit lies on ground of neither street.
    let ground = side.unit == nil ? side.ground : "330106009"
    let filed = try await face.done(
      "POST", "/incidents", by: boss,
      #"{"title":"\#(side.mark) \#(number)","description":"\#(side.mark)","classCode":"E0403","#
        + #""grade":"orange","jurisdiction":"\#(ground)","#
        + #""reporter":{"name":"\#(side.mark)","phone":"13800000000"}}"#)
    let id = try #require(filed["id"]?.stringValue)
    _ = try await face.done("POST", "/incidents/\(id)/confirm", by: boss, #"{"onSite":true}"#)
    if let unit = side.unit { try await dispatch(id, to: unit, face, boss) }
    return id
  }

  private func dispatch(
    _ id: String, to unit: String, _ face: Face, _ boss: String
  ) async throws {
    _ = try await face.done(
      "POST", "/incidents/\(id)/dispatch", by: boss, #"{"organisation":"\#(unit)"}"#)
  }

  private func populate(
    _ side: Side, beside other: Side?, _ station: Station, _ face: Face, _ boss: String
  ) async throws -> Side {
    var side = side
    let administrator = try await station.token(
      "admin-for-" + side.name, [.administrator], in: "org-district-1", over: "330106"
    ).text
    side.token = try await station.token(
      side.name, Self.roles, in: side.organisation, over: side.ground
    ).text
    side.ids["inc"] = try await fileCase(side, face, boss)
    let ground = try #require(AdminCode(rawValue: side.unit == nil ? side.ground : "330106009"))
    let filed = try #require(ThingID(rawValue: side.ids["inc"] ?? ""))
    side.ids["evt"] = try await station.parts.storage.reader.events(of: [filed], limit: 1).first?
      .event.id.description
    side.ids["wrn"] = try await station.warn(
      "rule-\(side.name)", .red, ground: ground, message: side.mark
    ).rawValue
    // It serves another's case, so that it hangs below what the other may see.
    side.served = other?.name ?? ""
    let served = other.flatMap { $0.ids["inc"] }.map { #""incident":"\#($0)","# } ?? ""
    let order = try await face.done(
      "POST", "/orders", by: boss,
      #"{\#(served)"title":"\#(side.mark)","grade":"red","jurisdiction":"\#(ground)","recipients":["#
        + #"{"node":"district-1","name":{"zh":"z","en":"e"},"#
        + #""organisation":"\#(side.organisation)"}]}"#)
    let issued = try #require(order["id"]?.stringValue)
    let tasks = try await face.done("GET", "/tasks?parent=\(issued)", by: boss)
    side.ids["tsk"] = try #require(tasks["items"]?[0]?["id"]?.stringValue)
    if side.unit == nil { side.ids["ord"] = issued }
    let uploaded = try await face.done(
      "PUT", "/incidents/\(side.ids["inc"] ?? "")/evidence?name=\(side.mark)&phase=before",
      by: boss, "file of \(side.mark)", type: "text/plain")
    side.file = try #require(uploaded["sha256"]?.stringValue)
    let person = try await face.done(
      "POST", "/users", by: administrator,
      #"{"login":"u-\#(side.name)","displayName":"\#(side.mark)","#
        + #""organisation":"\#(side.organisation)","jurisdiction":"\#(side.ground)","grants":[]}"#)
    side.ids["usr"] = try #require(person["person"]?.stringValue)
    if side.unit == nil {
      let device = try await face.done(
        "POST", "/devices", by: administrator,
        #"{"id":"gauge-\#(side.name)","name":{"zh":"\#(side.mark)","en":"\#(side.mark)"},"#
          + #""kind":"gauge","jurisdiction":"\#(side.ground)","#
          + #""properties":[{"name":"waterLevel","unit":"m"}]}"#)
      side.ids["dev"] = try #require(device["id"]?.stringValue)
      station.parts.vitals.board.take(
        [
          Frame.VitalReport(
            node: try #require(NodeID(rawValue: side.mark)), jurisdiction: ground,
            time: station.parts.clock.now(), age: 0, values: [])
        ], now: station.parts.clock.now())
    }
    return side
  }

  // MARK: - Asking

  /// Every way in which a path of the document can be asked.
  private func paths(_ template: String, _ operation: JSONValue, _ all: [Side]) throws -> [String] {
    let kinds = [
      "incidents": "inc", "warnings": "wrn", "orders": "ord", "tasks": "tsk", "devices": "dev",
      "users": "usr", "shifts": "sft",
    ]
    let parts = template.split(separator: "/").map(String.init)
    var found = [""]
    for (index, part) in parts.enumerated() {
      let values: [String]
      switch part {
      case "{id}":
        let kind = try #require(kinds[parts[index - 1]], "\(template): what is asked for here?")
        values = all.compactMap { $0.ids[kind] } + ["\(kind)_nothing"]
      case "{sha256}": values = all.map(\.file)
      default:
        try #require(!part.hasPrefix("{"), "\(template): what stands for \(part)?")
        values = [part]
      }
      found = found.flatMap { path in values.map { "\(path)/\($0)" } }
    }
    let values = [
      "property": ["waterLevel"], "step": ["60"], "node": ["street-1"],
      "event": all.compactMap { $0.ids["evt"] },
    ]
    var mark = "?"
    for parameter in operation["parameters"]?.arrayValue ?? []
    where parameter["in"] == "query" && parameter["required"] == true {
      let name = parameter["name"]?.stringValue ?? ""
      let values = try #require(values[name], "\(template): what is \(name)?")
      let sign = mark
      found = found.flatMap { path in values.map { "\(path)\(sign)\(name)=\($0)" } }
      mark = "&"
    }
    return found
  }

  @Test func `of another street or unit nothing shows at any route of the API`() async throws {
    let station = try await station()
    try await station.facing { face in
      let boss = try await command(station)
      var sides: [Side] = []
      for side in Self.sides {
        sides.append(try await populate(side, beside: sides.last, station, face, boss))
      }
      let document = try await face.done("GET", "/openapi.json", by: boss)
      let routes = try #require(document["paths"]?.objectValue)
      var shown: [String: Set<String>] = [:]
      var asked = 0
      for (template, item) in routes {
        // The stream goes on for ever: it has tests of its own.
        guard let operation = item["get"], template != "/api/v1/events" else { continue }
        for path in try paths(template, operation, sides) {
          for side in sides {
            let answer = try await face.ask("GET", path, by: side.token)
            asked += 1
            #expect(
              [200, 403, 404].contains(answer.status), "\(side.name) \(path): \(answer.text)")
            // What was asked for may be said back.
            let named = path.split(whereSeparator: { "/?=&".contains($0) }).map(String.init)
            for other in sides where other.name != side.name {
              for secret in other.secrets(from: side) where !named.contains(secret) {
                #expect(
                  !answer.text.contains(secret),
                  "\(side.name) sees \(secret) at \(path): \(answer.text)")
              }
              if named.contains(where: { other.secrets.contains($0) }) {
                #expect(
                  answer.status != 200
                    || template.hasSuffix("/{sha256}") == false
                      && answer.text == #"{"items":[]}"#,
                  "\(side.name) is answered at \(path): \(answer.text)")
              }
            }
            if side.secrets.contains(where: { answer.text.contains($0) }) {
              shown[side.name, default: []].insert(template)
            }
          }
        }
      }
      #expect(asked > 500)
      // Each sees its own, so that seeing nothing of another says something.
      let cases = ["/incidents", "/incidents/{id}", "/incidents/{id}/timeline", "/tasks"]
      let own = cases + ["/tasks/{id}", "/incidents/{id}/evidence", "/audit/events", "/tokens"]
      let streets = [
        "/warnings", "/orders", "/orders/{id}", "/devices", "/devices/{id}", "/vitals",
      ]
      for side in sides {
        let wanted =
          own + ["/incidents/{id}/evidence/{sha256}"]
          + (side.unit == nil ? streets : ["/users", "/users/{id}"])
        let missing = wanted.filter { shown[side.name]?.contains("/api/v1" + $0) != true }
        #expect(missing == [], "\(side.name)")
      }
    }
    station.close()
  }

  @Test func `of another street or unit nothing shows on any page`() async throws {
    let station = try await station()
    try await station.facing { face in
      let boss = try await command(station)
      var sides: [Side] = []
      for side in Self.sides {
        sides.append(try await populate(side, beside: sides.last, station, face, boss))
      }
      var seen = 0
      for side in sides {
        var pages = ["/", "/warnings", "/incidents", "/orders", "/devices", "/links", "/users"]
        pages += sides.flatMap { other in
          [
            "/incidents/\(other.ids["inc"] ?? "")", "/tasks/\(other.ids["tsk"] ?? "")",
            "/orders/\(other.ids["ord"] ?? "ord_x")", "/devices/\(other.ids["dev"] ?? "dev_x")",
          ]
        }
        for page in pages {
          let answer = try await face.ask("GET", page, by: side.token)
          if side.secrets.contains(where: { answer.text.contains($0) }) { seen += 1 }
          for other in sides where other.name != side.name {
            for secret in other.secrets(from: side) where !page.contains(secret) {
              #expect(!answer.text.contains(secret), "\(side.name) sees \(secret) at \(page)")
            }
          }
        }
      }
      #expect(seen >= 4 * 4)
    }
    station.close()
  }

  // MARK: - Streams

  /// Where a stream stood: the life of the journal and the position.
  private func mark(_ station: Station) async throws -> String {
    let epoch = station.parts.engine.inspect { $0.journal.head.epoch }
    return "\(epoch)-\(try await station.parts.storage.reader.lastPosition())"
  }

  private func withTokens(_ sides: [Side], _ station: Station) async throws -> [Side] {
    var sides = sides
    for index in sides.indices {
      sides[index].token = try await station.token(
        sides[index].name, Self.roles, in: sides[index].organisation, over: sides[index].ground
      ).text
    }
    return sides
  }

  @Test(arguments: ["/api/v1/events", "/events"])
  func `a stream tells everybody of their own alone, live and after a break`(path: String)
    async throws
  {
    let station = try await station()
    let (begun, sides) = try await station.facing { face -> (String, [Side]) in
      let boss = try await command(station)
      var sides = try await withTokens(Self.sides, station)
      var listeners: [Listener] = []
      for side in sides {
        let listener = try face.listen(path, by: side.token)
        _ = try await listener.hear(through: "retry: 1500\n\n")
        listeners.append(listener)
      }
      let begun = try await mark(station)
      for index in sides.indices {
        sides[index].ids["inc"] = try await fileCase(sides[index], face, boss)
        if sides[index].unit == nil {
          let ground = try #require(AdminCode(rawValue: sides[index].ground))
          sides[index].ids["wrn"] = try await station.warn(
            "r-\(sides[index].name)", .red, ground: ground
          ).rawValue
        }
      }
      for index in sides.indices {
        sides[index].ids["last"] = try await fileCase(sides[index], face, boss, number: 2)
      }
      try await check(sides, listeners)
      // From memory.
      try await check(sides, try sides.map { try face.listen(path, by: $0.token, after: begun) })
      return (begun, sides)
    }
    // From the journal.
    let later = try await station.restarted()
    try await later.facing { face in
      try await check(sides, try sides.map { try face.listen(path, by: $0.token, after: begun) })
    }
    later.close()
  }

  private func check(_ sides: [Side], _ listeners: [Listener]) async throws {
    for (side, listener) in zip(sides, listeners) {
      let text = try await listener.hear(through: side.ids["last"] ?? "?")
      listener.close()
      #expect(text.contains(side.ids["inc"] ?? "?"), "\(side.name) does not hear of its own case")
      for other in sides where other.name != side.name {
        for id in other.ids.values {
          #expect(!text.contains(id), "\(side.name) hears of \(id) of \(other.name)")
        }
      }
    }
  }

  @Test func `who loses a case hears no more of it, who gains it hears from then on`() async throws
  {
    let station = try await station()
    let outcome = try await station.facing { face -> (String, [Side], String, String) in
      let boss = try await command(station)
      let sides = try await withTokens(Array(Self.sides[2...]), station)
      let losing = try face.listen(by: sides[0].token)
      let gaining = try face.listen(by: sides[1].token)
      for listener in [losing, gaining] { _ = try await listener.hear(through: "retry: 1500\n\n") }
      let begun = try await mark(station)
      let id = try await fileCase(sides[0], face, boss)
      _ = try await losing.hear(through: id)
      let before = try await station.parts.storage.reader.lastPosition()
      _ = try await face.done(
        "POST", "/incidents/\(id)/return", by: sides[0].token, #"{"reason":"not ours"}"#)
      try await dispatch(id, to: "org-lights", face, boss)
      let gained = try await gaining.hear(through: id)
      #expect(gained.contains("event: incident.dispatched\n"))
      #expect(!gained.contains("incident.filed") && !gained.contains("incident.returned"))

      // A case of its own comes after everything that the loser must not hear.
      let last = try await fileCase(sides[0], face, boss, number: 2)
      for frame in try await losing.hear(through: last).components(separatedBy: "\n\n")
      where frame.contains(id) {
        let position = frame.split(separator: "\n").first { $0.hasPrefix("id: ") }?
          .split(separator: "-").last.flatMap { Int64($0) }
        #expect(try #require(position) <= before, "\(frame)")
      }
      losing.close()
      gaining.close()
      try await replayed(face, sides, begun, id, last)
      return (begun, sides, id, last)
    }
    let (begun, sides, id, last) = outcome
    let later = try await station.restarted()
    try await later.facing { face in try await replayed(face, sides, begun, id, last) }
    later.close()
  }

  private func replayed(
    _ face: Face, _ sides: [Side], _ begun: String, _ id: String, _ last: String
  ) async throws {
    let loser = try face.listen(by: sides[0].token, after: begun)
    #expect(!(try await loser.hear(through: last)).contains(id))
    loser.close()
    let gainer = try face.listen(by: sides[1].token, after: begun)
    _ = try await gainer.hear(through: id)
    gainer.close()
  }

  @Test(arguments: ["revoked", "role changed", "account closed", "unit closed"])
  func `a stream ends when what it was opened with is over`(how: String) async throws {
    let station = try await station()
    try await station.facing { face in
      let city = station.parts.city
      let drains = try #require(PrincipalID(rawValue: "org-drains"))
      let ground = city.identity.jurisdiction
      let first = try await city.addPerson(
        NewPerson(
          login: "wang", displayName: "Wang", organisation: drains,
          grants: [Grant(role: .viewer, organisation: drains, jurisdiction: ground)]),
        by: station.administrator)
      let opened = try await station.logIn("wang", first.password)
      let token = try await city.issueToken(
        TokenRequest(
          kind: .person, principal: first.person, name: "t", scopes: [.readIncidents],
          jurisdiction: ground, organisation: drains, expires: station.parts.clock.now() + .days(1)),
        by: city.authenticate(cookie: opened.cookie).principal)
      let listener = try face.listen(by: token.text)
      _ = try await listener.hear(through: "retry: 1500\n\n")
      switch how {
      case "revoked":
        _ = try await city.revokeToken(token.token.id, by: station.administrator)
      case "role changed":
        _ = try await city.changePerson(
          first.person, PersonChange(grants: []), by: station.administrator)
      case "account closed":
        _ = try await city.changePerson(
          first.person, PersonChange(disabled: true), by: station.administrator)
      case "unit closed":
        var unit = try #require(city.access.policy.organisations[drains])
        unit.disabled = true
        _ = try await city.changeOrganisation(unit, by: station.administrator)
      default: break
      }
      _ = try await listener.hear(through: "event: end")
      listener.close()
    }
    station.close()
  }
}
