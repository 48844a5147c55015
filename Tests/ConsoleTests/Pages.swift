import Access
import CityCore
import CityJSON
import Devices
import Incidents
import Journal
import Linkage
import Operations
import Warnings

@testable import Console

enum JSONBytes {
  static func of(_ value: some Encodable) throws -> [UInt8] { try JSON.encode(value) }
}

/// One of every page, with everything that it can show.
enum EveryPage {
  static func all(_ words: Words, title: String = "江南大道下穿道路积水 45 cm") throws -> [any PageView] {
    let street = try Sample.node("street")
    return [
      LoginPage(next: "/orders", login: title, message: words["loginWrong"]),
      PasswordPage(next: "/", isDue: true, message: title),
      AccountPage(
        message: title, facts: [Fact(label: words["userName"], text: title)], hasApp: true,
        hasNoApp: true, done: title),
      AuthenticatorPage(uri: title, secret: title), try desk(words, title),
      WarningsPage(queue: try queue(words, title)),
      WarningLinePage(
        try Sample.require(try queue(words, title).lines.first), from: 50,
        pager: Pager(first: "/warnings/line?line=a", next: nil)),
      AcknowledgeAllPage(
        try (1...2).map { number in
          let record = try Sample.warning(number, message: title)
          return (record, try item(record, words))
        }, words: words),
      IncidentsPage(
        canFile: true,
        fields: [.select("grade", words["filterGrade"], words.grades, empty: "")],
        table: try table(words, title),
        pager: Pager(first: "/incidents", next: "/incidents?after=x")),
      try incident(words, title),
      FormPage(
        heading: words["fileTitle"], target: "/incidents", formName: "file",
        fields: [
          .input("title", words["fieldTitle"], value: title, isRequired: true),
          .area("description", words["fieldDescription"], value: title),
          .select("grade", words["fieldGrade"], words.grades, chosen: "red"),
          .check("requiresEvidence", words["orderEvidence"]), .hint(title),
        ], submit: words["fileSubmit"], backHref: "/incidents", message: title, faults: [title]),
      OrdersPage(
        canIssue: true, table: try table(words, title), pager: nil,
        tasks: TableSection(total: 1, table: try table(words, title))),
      OrderNewPage(
        incident: .init(code: "inc_01", name: title), targets: targets(title), hasTargets: true,
        fields: [.input("title", words["fieldTitle"], value: title)]),
      OrderReviewPage(
        title: title, text: title, grade: .red, targets: targets(title),
        carried: [("title", title), ("to", "street")], words: words),
      try OrderPage(
        try Sample.order(), at: street, isStale: false, verbs: [.recall, .remind, .close],
        timeline: try timeline(title), words: words),
      try TaskPage(
        try Sample.task(), at: street, isStale: false,
        verbs: [.acknowledge, .accept, .refuse, .progress, .addEvidence, .complete],
        maySeeEvidence: true, timeline: try timeline(title), words: words),
      DevicesPage(
        hasDevices: true,
        devices: [DevicesPage.Row(try device(title), latest: latest, words: words)], pager: nil),
      DevicePage(
        try device(title), latest: latest, trends: ["waterLevel": buckets], words: words),
      LinksPage(
        hasLinks: true,
        links: [
          LinksPage.Link(try link(.connected), words: words),
          LinksPage.Link(try link(.broken), words: words),
        ]),
      try users(words, title), try shift(words, title),
      ProblemPage(
        Problem(.invalid, title, faults: [.init(at: "/title", reason: title)]), backHref: "/",
        request: "0123", words: words),
    ]
  }

  static func desk(_ words: Words, _ title: String) throws -> DeskPage {
    DeskPage(
      queue: try queue(words, title),
      offers: TableSection(total: 1, table: try table(words, title)),
      tasks: TableSection(
        total: 1,
        table: ThingTable([
          ThingTable.Row(
            try Sample.task(), at: try Sample.node("street"), isStale: false, words: words)
        ])), incidents: TableSection(total: 2, table: try table(words, title)),
      orders: TableSection(total: 0, table: ThingTable([])))
  }

  static func queue(_ words: Words, _ title: String) throws -> WarningQueue {
    let records = try (1...5).map { try Sample.warning($0, message: title) }
    let items = try records.map { record in
      let state = try WarningState(record: record)
      return FoldItem(
        id: record.id, rule: state.grade.rawValue, ruleName: state.ruleName,
        jurisdiction: state.jurisdiction, grade: state.grade, time: state.raised)
    }
    let lines = try WarningFolder.fold(items).map { line in
      let shown = try line.items.compactMap { item in records.first { $0.id == item.id } }.map {
        try item($0, words)
      }
      return WarningQueue.Line(line, items: shown, words: words)
    }
    return WarningQueue(total: items.count, lines: lines, waiting: 5)
  }

  private static func item(_ record: ThingRecord, _ words: Words) throws -> WarningQueue.Item {
    try WarningQueue.Item(
      record, at: try Sample.node("street"), isStale: false, mayAcknowledge: true,
      mayDismiss: true, words: words)
  }

  static func table(_ words: Words, _ title: String) throws -> ThingTable {
    let street = try Sample.node("street")
    let quick = ThingTable.QuickAction(
      target: "/incidents/inc_01/confirm", formName: "confirm.inc_01", version: "3",
      shortcut: "c", label: words(CaseVerb.confirm.label))
    return ThingTable([
      ThingTable.Row(
        try Sample.incident(title: title), at: street, isStale: false, quick: [quick],
        words: words),
      ThingTable.Row(
        try Sample.incident(owner: "city"), at: street, isStale: true, words: words),
    ])
  }

  static func incident(_ words: Words, _ title: String) throws -> IncidentPage {
    let record = try Sample.incident(title: title)
    let incident = try Incident(record: record)
    let party = ActingParty(
      actor: try Sample.actor(), capacities: [.supervision, .command, .leader])
    let forms = CaseForms(
      words: words, organisations: [("org-water", words(Label(zh: "排水中心", en: "Drainage")))],
      classes: [("0205", words.classCode("0205"))])
    var material = IncidentMaterial(record: record, node: try Sample.node("street"))
    material.actions = forms.forms(
      Incident.allowedActions(incident, by: party, context: CaseContext(now: words.now)),
      of: record.id, version: record.version, incident: incident)
    material.mayOrder = true
    material.mayUpload = true
    material.orders = [
      ThingTable.Row(
        try Sample.order(), at: try Sample.node("street"), isStale: false, words: words)
    ]
    material.timeline = try timeline(title)
    return try IncidentPage(material, words: words)
  }

  /// Read from JSON: entries are made by the journal's events only.
  static func timeline(_ text: String) throws -> [TimelineEntry] {
    let entries = [
      ("incident.filed", "street", ""), ("handover.offered", "street", ""),
      ("handover.accepted", "city", hop), ("order.issued", "city", lost),
    ].enumerated().map { index, entry in
      """
      {"event":"\(entry.1):0000000000000001:\(index + 1)","kind":"\(entry.0)","thing":"inc_01",\
      "version":\(index + 1),"term":1,"actor":{"kind":"person","id":"usr-1","node":"\(entry.1)",\
      "role":"duty-officer","organisation":"org-water"},"node":"\(entry.1)",\
      "time":"2026-11-21T04:1\(index):00Z","text":"TEXT","target":"city","hops":[\(entry.2)]}
      """
    }
    var all = try JSON.decode(
      [TimelineEntry].self, from: Array("[\(entries.joined(separator: ","))]".utf8))
    for index in all.indices { all[index].text = text }
    return all
  }

  private static let hop =
    #"{"from":"city","to":"street","delay":1240000,"uncertainty":12000}"#
  private static let lost = #"{"from":"city","to":"street"}"#

  private static func targets(_ title: String) -> [TargetView] {
    [
      TargetView(code: "east", name: "城东街道", kind: "east", isChosen: true),
      TargetView(code: "street/org-water", name: title, kind: "单位"),
    ]
  }

  private static func device(_ name: String) throws -> Device {
    Device(
      id: try Sample.thing("dev_01"), name: Label(zh: name, en: name), kind: "water-level-gauge",
      place: Coordinate(longitude: 120.2, latitude: 30.2), jurisdiction: try Sample.area(),
      organisation: try Sample.principal("org-water"), properties: [], created: Sample.now)
  }

  private static let latest = [
    LatestReading(property: "battery", value: 3.61, unit: "V", time: Sample.now - .hours(30)),
    LatestReading(property: "waterLevel", value: 0.452, unit: "m", time: Sample.now - .minutes(2)),
  ]

  static let buckets: [ReadingBucket] = (0..<96).map { step in
    let start = Sample.now - .hours(24) + .minutes(Int64(step) * 15)
    let value = 0.1 + Double((step * 37) % 17) / 100 + (step > 80 ? 0.3 : 0)
    return ReadingBucket(start: start, sample: .init(time: start, value: value))
  }

  private static func link(_ state: LinkStatus.State) throws -> LinkStatus {
    try JSON.decode(
      LinkStatus.self,
      from: Array(
        """
        {"node":"city","name":{"zh":"钱江市","en":"Qianjiang City"},"relation":"parent",\
        "level":"city","jurisdiction":"3301","state":"\(state.rawValue)",\
        "lastHeard":"2026-11-21T04:59:58Z","connectedSince":"2026-11-21T01:00:00Z",\
        "released":512,"acknowledged":\(state == .broken ? 480 : 512),"applied":90,\
        "announced":90,"clockOffset":-1800,"clockUncertainty":400,"software":"citybeacon/0.1"}
        """.utf8))
  }

  private static func users(_ words: Words, _ title: String) throws -> UsersPage {
    UsersPage(
      secret: .init(name: title, value: "abcd-efgh-jkmn-pqrs"), message: title, hasPeople: true,
      people: [
        .init(
          id: "usr-1", login: "zhang.san", name: title, organisation: "排水中心", roles: "值班员",
          status: words["userActive"], isDisabled: true, canReset: true, canDisable: true,
          canEnable: true)
      ], pager: nil, add: .init(fields: [.input("login", words["userLogin"])]),
      organisations: [.init(id: "org-water", name: title, kind: "单位", area: "3301", parent: "")],
      addOrganisation: .init(fields: [.input("zh", words["organisationZh"])]))
  }

  private static func shift(_ words: Words, _ title: String) throws -> ShiftPage {
    let sign = ActionForm(
      label: words["shiftSign"], target: "/shift/sft_1/sign", formName: "sign.sft_1", version: 1,
      tone: "primary", fields: [.area("text", words["field.text"])])
    return ShiftPage(
      sheets: [
        .init(
          id: "sft_1", outgoing: "usr-1", incoming: "usr-2", stage: words["shiftPrepared"],
          prepared: words.moment(words.now), count: 4, notes: title, answer: title,
          canAnswer: true, actions: [sign])
      ], prepare: .init(fields: [.area("notes", words["shiftNotes"])]), total: 2,
      table: try table(words, title))
  }
}
