import CityCore
import Incidents
import Journal
import Operations

/// One recipient's task.
struct TaskPage: PageView {
  let template = "task"
  func title(_ words: Words) -> String { title }

  let badge: GradeBadge?
  let title: String
  let stage: String
  let isOverdue: Bool
  let origin: OriginView?
  let facts: [Fact]
  let text: String?
  let actions: [ActionForm]
  let hasActions: Bool
  let evidence: EvidenceSection?
  let entries: [TimelineLine]
}

extension TaskPage {
  /// - Throws: `corrupted` when the state cannot be read.
  init(
    _ record: ThingRecord, at node: NodeID, isStale: Bool, verbs: [TaskVerb],
    maySeeEvidence: Bool, present: [Digest32: Int64] = [:], timeline: [TimelineEntry],
    words: Words
  ) throws(Problem) {
    let task = try OrderTask(record: record)
    let request = task.request
    let late = words.deadline(request.due, isOpen: task.stage.isOpen)
    let facts: [Fact?] = [
      .of(words["recipientName"], words(request.name)),
      .of(words["taskFrom"], words.node(request.issuer)),
      Fact(
        label: words["taskOrder"],
        link: LinkView(href: "/orders/\(request.order)", name: request.order.rawValue)),
      late.map {
        Fact(
          label: words["orderDue"], moment: $0.at,
          note: $0.remaining.isEmpty ? nil : $0.remaining, noteTone: $0.isLate ? "is-stale" : "")
      }, request.expires.map { Fact(label: words["orderExpires"], moment: words.moment($0)) },
      .of(words["orderEvidence"], words.yes(request.requiresEvidence)),
      .of(words["taskPercent"], task.percent.map { "\($0)" }),
      .of(words["recipientSays"], task.lastText),
      request.incident.map {
        Fact(
          label: words["orderIncident"],
          link: LinkView(href: "/incidents/\($0)", name: $0.rawValue))
      },
    ]
    let actions = verbs.filter { $0 != .addEvidence }.map { verb in
      ActionForm(
        label: words(verb.label), target: "/tasks/\(record.id)/\(verb.rawValue)",
        formName: "\(verb.rawValue).\(record.id)", version: record.version,
        tone: verb == .refuse ? "danger" : verb == .note || verb == .progress ? "" : "primary",
        shortcut: verb == .acknowledge ? "a" : nil,
        fields: Self.fields(verb, lacksEvidence: task.lacksEvidence, words))
    }
    self.init(
      badge: words.grade(request.grade), title: request.title, stage: words(task.stage.label),
      isOverdue: task.overdue(at: words.now) != nil,
      origin: words.origin(record, at: node, isStale: isStale), facts: facts.compactMap(\.self),
      text: request.text.isEmpty ? nil : request.text, actions: actions,
      hasActions: !actions.isEmpty,
      evidence: maySeeEvidence
        ? EvidenceSection(
          task.evidence, of: record.id, present: present,
          mayUpload: verbs.contains(.addEvidence), words: words)
        : nil,
      entries: timeline.map { TimelineLine($0, at: node, page: record.id, words: words) })
  }

  private static func fields(_ verb: TaskVerb, lacksEvidence: Bool, _ words: Words) -> [Field] {
    var fields: [Field] = []
    if verb == .complete, lacksEvidence { fields.append(.hint(words["evidenceFirst"])) }
    for field in verb.required + verb.optional {
      let label = words.choice("field", field.rawValue)
      switch field {
      case .evidence: continue
      case .percent:
        fields.append(
          .input("percent", label, type: "number", from: "0", to: "100", step: "1"))
      default:
        fields.append(.area(field.rawValue, label, isRequired: verb.required.contains(field)))
      }
    }
    return fields
  }
}
