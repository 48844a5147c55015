import Access
import CityCore
import Foundation
import Incidents
import Journal
import Operations
import Warnings

@testable import Console

// What the tests of Console share: one renderer, words, and records as a store would hold them.

enum Sample {
  static let renderer = Result { try Renderer() }
  static let now = UTCTime("2026-11-21T05:00:00Z") ?? UTCTime(seconds: 0)
  static let script = "<script>alert(1)</script>\"'&"
  /// Three hundred characters, as many bytes as a title may have.
  static let long = String(repeating: "漫a", count: 150)

  static func node(_ name: String) throws -> NodeID { try require(NodeID(rawValue: name)) }
  static func principal(_ name: String) throws -> PrincipalID {
    try require(PrincipalID(rawValue: name))
  }
  static func thing(_ name: String) throws -> ThingID { try require(ThingID(rawValue: name)) }
  static func area(_ code: String = "330102001") throws -> AdminCode {
    try require(AdminCode(rawValue: code))
  }
  static func require<Value>(_ value: Value?) throws -> Value {
    guard let value else { throw Problem(.internalFault, "a test value is not acceptable") }
    return value
  }

  static func words(_ language: Language = .chinese) throws -> Words {
    var names = Names()
    names.nodes[try node("street")] = Label(zh: "临江街道", en: "Riverside Street")
    names.nodes[try node("city")] = Label(zh: "钱江市", en: "Qianjiang City")
    names.organisations[try principal("org-water")] = Label(zh: "排水中心", en: "Drainage Centre")
    names.classes["0205"] = Label(zh: "道路积水", en: "Flooded road")
    return Words(
      language: language, table: try renderer.get().table(language), zoneOffset: 28_800, now: now,
      names: names)
  }

  static func shell(_ words: Words, isLoggedIn: Bool = true) -> Shell {
    var shell = Shell(
      language: words.language.rawValue,
      otherLanguage: words.language == .chinese ? "en" : "zh-CN", isLoggedIn: isLoggedIn,
      csrf: "c5rf", person: "usr-1", key: "0011", path: "/incidents", nodeName: "临江街道",
      levelName: words["level.street"], jurisdiction: "330102001", zone: words.zoneName,
      clock: words.clock)
    shell.tabs = Shell.tabs(path: "/incidents", words: words) { _ in true }
    shell.brokenLinks = [.init(name: "钱江市", heard: words.moment(now - .minutes(4)))]
    shell.alarm = .init(count: 2)
    return shell
  }

  static func render(_ page: any PageView, _ language: Language) throws -> String {
    let words = try words(language)
    return try renderer.get().render(page, shell: shell(words), words: words)
  }

  // MARK: - Things

  static func incident(
    title: String = "江南大道下穿道路积水 45 cm", owner: String = "street"
  ) throws -> ThingRecord {
    let id = try thing("inc_01")
    let actor = try actor()
    let party = ActingParty(actor: actor, capacities: [.supervision, .command])
    let report = CaseReport(
      title: title, description: "积水没过路缘石，车辆绕行。", classCode: "0205", grade: .orange,
      source: .sensor, place: Coordinate(longitude: 120.21, latitude: 30.21),
      address: "江南大道与滨盛路口", jurisdiction: try area())
    let opened = now - .minutes(50)
    let events = try Incident.decide(
      nil, .file(report), by: party, context: CaseContext(now: opened))
    var state: Incident?
    for event in events {
      state = Incident.evolve(state, event, try header(id, event.kind, opened), sealed: [])
    }
    let incident = try require(state)
    return try record(
      id, owner: owner, labels: incident.labels(parties: []), state: JSONBytes.of(incident),
      index: incident.index)
  }

  static func order() throws -> ThingRecord {
    let id = try thing("ord_01")
    let recipients = try [("street", "排水中心"), ("city", script), ("east", long)].enumerated().map {
      OrderRecipient(
        node: try node($0.element.0), name: Label(zh: $0.element.1, en: $0.element.1),
        task: try thing("tsk_0\($0.offset)"))
    }
    let issue = OrderIssue(
      title: "立即封闭江南大道下穿道路", text: "设置围挡\n引导车辆绕行", grade: .red,
      recipients: recipients, due: now + .hours(2), jurisdiction: try area())
    let order = try require(
      Order.evolve(nil, .issued(issue), try header(id, "order.issued", now), sealed: []))
    return try record(
      id, owner: "street",
      labels: Labels(jurisdiction: order.issue.jurisdiction, grade: order.issue.grade),
      state: JSONBytes.of(order), index: order.index)
  }

  static func task(owner: String = "street") throws -> ThingRecord {
    let id = try thing("tsk_00")
    let order = try Order(record: try Self.order())
    let request = order.issue.request(
      to: order.recipients[0].recipient, order: order.id, issuer: try node("city"))
    let task = try require(
      OrderTask.evolve(nil, .requested(request), try header(id, "task.requested", now), sealed: []))
    return try record(
      id, owner: owner, labels: task.labels, state: JSONBytes.of(task), index: task.index)
  }

  static func warning(_ number: Int, message: String = "水位超过 0.4 m") throws -> ThingRecord {
    let id = try thing("wrn_\(number)")
    let label = Label(zh: message, en: message)
    let raised = WarningEvent.Raised(
      rule: "flood", ruleName: Label(zh: "下穿道路积水", en: "Flooded underpass"),
      subject: try thing("dev_\(number)"), subjectName: Label(zh: "液位计 \(number)", en: script),
      property: "waterLevel", unit: "m", grade: number.isMultiple(of: 2) ? .red : .yellow,
      value: 0.452, opened: now - .minutes(3), time: now - .minutes(3), jurisdiction: try area(),
      place: nil, message: label)
    let state = try require(
      WarningState.evolve(nil, .raised(raised), try header(id, "warning.raised", now)))
    return try record(
      id, owner: "street", labels: Labels(jurisdiction: try area(), grade: raised.grade),
      state: JSONBytes.of(state), index: state.index)
  }

  static func actor() throws -> Actor {
    Actor(
      kind: .person, id: try principal("usr-1"), node: try node("street"), role: "duty-officer",
      organisation: try principal("org-water"))
  }

  private static func header(
    _ thing: ThingID, _ kind: String, _ time: UTCTime
  ) throws -> EventHeader {
    EventHeader(
      id: EventID(node: try node("street"), epoch: Epoch(rawValue: 1), seq: 1), kind: kind,
      thing: thing, term: 1, version: 1, time: HybridTime(milliseconds: time.milliseconds),
      actor: try actor(), labels: Labels(jurisdiction: try area()))
  }

  private static func record(
    _ id: ThingID, owner: String, labels: Labels, state: [UInt8], index: ThingIndex
  ) throws -> ThingRecord {
    ThingRecord(
      id: id, owner: try node(owner), term: 1, version: 3,
      lastEvent: EventID(node: try node(owner), epoch: Epoch(rawValue: 1), seq: 1),
      updated: HybridTime(milliseconds: now.milliseconds), labels: labels, state: state,
      index: index, arrived: owner == "street" ? nil : now - .minutes(7))
  }

  // MARK: - Files

  /// Files of the console's resources with an extension, by name.
  static func resources(_ folder: String, _ suffix: String) throws -> [(name: String, text: String)]
  {
    let path = try renderer.get().assets + "/../" + folder
    return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
      .filter { $0.hasSuffix(suffix) }
      .map { ($0, try String(contentsOfFile: "\(path)/\($0)", encoding: .utf8)) }
  }
}
