import CityCore
import Incidents
import Journal
import Operations

/// One case.
struct IncidentPage: PageView {
  let template = "incident"
  func title(_ words: Words) -> String { title }

  let badge: GradeBadge?
  let title: String
  let stage: String
  let isOverdue: Bool
  let origin: OriginView?
  let offered: String?
  let actions: [ActionForm]
  let hasActions: Bool
  let orderHref: String?
  let facts: [Fact]
  let clocks: FactList
  let related: TableSection?
  let evidence: EvidenceSection?
  let entries: [TimelineLine]
}

/// What the page of a case is made from.
struct IncidentMaterial {
  var record: ThingRecord
  var node: NodeID
  var isStale = false
  var actions: [ActionForm] = []
  var mayOrder = false
  var mayUpload = false
  var maySeeEvidence = true
  /// Bytes of its files that are here.
  var present: [Digest32: Int64] = [:]
  var orders: [ThingTable.Row] = []
  var timeline: [TimelineEntry] = []
}

extension IncidentPage {
  /// - Throws: `corrupted` when the state cannot be read.
  init(_ material: IncidentMaterial, words: Words) throws(Problem) {
    let record = material.record
    let incident = try Incident(record: record)
    self.init(
      badge: words.grade(incident.report.grade), title: incident.report.title,
      stage: words(incident.stage.label), isOverdue: incident.overdue(at: words.now) != nil,
      origin: words.origin(record, at: material.node, isStale: material.isStale),
      offered: record.offeredTo.map(words.node), actions: material.actions,
      hasActions: !material.actions.isEmpty || material.mayOrder,
      orderHref: material.mayOrder ? "/orders/new?incident=\(record.id)" : nil,
      facts: Self.facts(incident, record, words),
      clocks: FactList(facts: Self.clocks(incident, words)),
      related: material.orders.isEmpty
        ? nil : TableSection(total: material.orders.count, table: ThingTable(material.orders)),
      evidence: material.maySeeEvidence
        ? EvidenceSection(
          incident.evidence, of: record.id, present: material.present,
          mayUpload: material.mayUpload, words: words) : nil,
      entries: material.timeline.map {
        TimelineLine($0, at: material.node, page: record.id, words: words)
      })
  }

  private static func facts(
    _ incident: Incident, _ record: ThingRecord, _ words: Words
  ) -> [Fact] {
    let report = incident.report
    let facts: [Fact?] = [
      .of(words["incidentDescription"], report.description),
      .of(words["incidentAddress"], report.address),
      .of(words["incidentPlace"], report.place.map { "\($0.longitude), \($0.latitude)" }),
      .of(words["colArea"], report.jurisdiction.rawValue),
      .of(words["incidentClass"], words.classCode(report.classCode)),
      .of(words["incidentSource"], words.choice("source", report.source.rawValue)),
      .of(words["incidentOwner"], words.node(record.owner)),
      .of(
        words["incidentHandlingLevel"],
        words.choice("level", incident.handlingLevel.rawValue)),
      .of(words["incidentUnit"], incident.responsible.map(words.organisation)),
      .of(words["incidentConfirmed"], words.yes(incident.isConfirmed)),
      .of(words["incidentPercent"], incident.percent.map { "\($0) %" }),
      .of(words["incidentReport"], incident.lastReport),
      .of(words["incidentBounces"], incident.bounces > 0 ? "\(incident.bounces)" : nil),
      .of(words["incidentScore"], incident.score.map { "\($0)" }),
      report.warning.map {
        Fact(
          label: words["incidentWarning"],
          link: LinkView(href: "/warnings#\($0.warning)", name: $0.warning.rawValue))
      },
    ]
    return facts.compactMap(\.self)
  }

  private static func clocks(_ incident: Incident, _ words: Words) -> [Fact] {
    let clocks = incident.clocks
    func due(_ key: String, _ time: UTCTime?, _ isRunning: Bool) -> Fact? {
      guard let time, let deadline = words.deadline(time, isOpen: isRunning) else { return nil }
      return Fact(
        label: words[key], moment: deadline.at,
        note: deadline.remaining.isEmpty ? nil : deadline.remaining,
        noteTone: deadline.isLate ? "is-stale" : "")
    }
    func mark(_ key: String, _ time: UTCTime?) -> Fact? {
      time.map { Fact(label: words[key], moment: words.moment($0)) }
    }
    let stage = incident.stage
    let facts = [
      mark("clockOpened", clocks.opened),
      due("clockConfirm", clocks.confirmDue, stage == .intake),
      due("clockDispatch", clocks.dispatchDue, stage == .file),
      mark("clockDispatched", clocks.dispatched),
      due("clockAccept", clocks.acceptDue, stage == .dispatch),
      due("clockHandle", clocks.handleDue, stage == .dispatch || stage == .handle),
      mark("clockHandled", clocks.handled),
      due("clockVerify", clocks.verifyDue, stage == .feedback),
      mark("clockVerified", clocks.verified), mark("clockClosed", clocks.closed),
      due("clockSuspended", clocks.suspendedUntil, stage == .suspended),
    ]
    return facts.compactMap(\.self)
  }
}
