import CityCore
import Incidents
import Journal
import Operations

/// Somebody whom an order can name.
struct TargetView: ViewModel {
  /// `node` or `node/organisation`.
  let code: String
  let name: String
  let kind: String
  var isChosen = false
}

extension TargetView {
  init(_ target: OrderTarget, chosen: Set<String> = [], at node: NodeID, words: Words) {
    let code = Self.code(target)
    self.init(
      code: code, name: words(target.name),
      kind: target.node == node
        ? words.choice("organisation", "unit") : target.node.rawValue,
      isChosen: chosen.contains(code))
  }

  static func code(_ target: OrderTarget) -> String {
    target.organisation.map { "\(target.node)/\($0)" } ?? target.node.rawValue
  }
}

/// 下达指令, first step.
struct OrderNewPage: PageView {
  let template = "order-new"
  func title(_ words: Words) -> String { words["orderNew"] }

  let incident: CaseReference?
  let targets: [TargetView]
  let hasTargets: Bool
  let fields: [Field]
  var message: String?

  struct CaseReference: ViewModel {
    let code: String
    let name: String
  }
}

/// The one confirmation: it names the recipients and their number.
struct OrderReviewPage: PageView {
  let template = "order-review"
  func title(_ words: Words) -> String { words["orderConfirmTitle"] }

  struct Carried: ViewModel {
    let name: String
    let value: String
  }

  let badge: GradeBadge?
  let title: String
  let text: String?
  let countText: String
  let submit: String
  let targets: [TargetView]
  let carried: [Carried]
}

extension OrderReviewPage {
  init(
    title: String, text: String, grade: Grade, targets: [TargetView],
    carried: [(String, String)], words: Words
  ) {
    self.init(
      badge: words.grade(grade), title: title, text: text.isEmpty ? nil : text,
      countText: words.text("orderConfirmCount", targets.count),
      submit: words.text("orderConfirmSubmit", targets.count), targets: targets,
      carried: carried.map { Carried(name: $0.0, value: $0.1) })
  }
}

/// One order with the state of every recipient.
struct OrderPage: PageView {
  let template = "order"
  func title(_ words: Words) -> String { title }

  struct Recipient: ViewModel {
    let href: String
    let name: String
    let stateKey: String
    let state: String
    let at: Moment
    let percent: String
    let says: String
    let isOutbound: Bool
  }

  let badge: GradeBadge?
  let title: String
  let stage: String
  let origin: OriginView?
  let tally: String
  let recipients: [Recipient]
  let facts: [Fact]
  let text: String?
  let actions: [ActionForm]
  let hasActions: Bool
  let entries: [TimelineLine]
}

extension OrderPage {
  /// - Throws: `corrupted` when the state cannot be read.
  init(
    _ record: ThingRecord, at node: NodeID, isStale: Bool, verbs: [OrderVerb],
    timeline: [TimelineEntry], words: Words
  ) throws(Problem) {
    let order = try Order(record: record)
    let facts: [Fact?] = [
      Fact(label: words["orderIssuer"], text: words.actor(order.issuer)),
      Fact(label: words["clockOpened"], moment: words.moment(order.issued)),
      order.issue.due.map { Fact(label: words["orderDue"], moment: words.moment($0)) },
      order.issue.expires.map { Fact(label: words["orderExpires"], moment: words.moment($0)) },
      .of(words["orderEvidence"], words.yes(order.issue.requiresEvidence)),
      .of(words["orderReminders"], order.reminders > 0 ? "\(order.reminders)" : nil),
      order.issue.incident.map {
        Fact(
          label: words["orderIncident"],
          link: LinkView(href: "/incidents/\($0)", name: $0.rawValue))
      }, .of(words["reason"], order.lastText),
    ]
    let actions = verbs.map { verb in
      ActionForm(
        label: words(verb.label), target: "/orders/\(record.id)/\(verb.rawValue)",
        formName: "\(verb.rawValue).\(record.id)", version: record.version,
        tone: verb == .recall ? "danger" : "",
        fields: (verb.required + verb.optional).map {
          .area(
            $0.rawValue, words.choice("field", $0.rawValue), isRequired: verb.required.contains($0))
        })
    }
    self.init(
      badge: words.grade(order.issue.grade), title: order.issue.title,
      stage: words(order.stage.label),
      origin: words.origin(record, at: node, isStale: isStale),
      tally: order.tally.map { "\(words($0.state.label)) \($0.count)" }.joined(separator: " · "),
      recipients: order.recipients.map { mirror in
        Recipient(
          href: "/tasks/\(mirror.recipient.task)", name: words(mirror.recipient.name),
          stateKey: mirror.state.rawValue, state: words(mirror.state.label),
          at: words.moment(mirror.at), percent: mirror.percent.map { "\($0) %" } ?? "",
          says: mirror.text ?? "", isOutbound: mirror.isOutbound)
      }, facts: facts.compactMap(\.self),
      text: order.issue.text.isEmpty ? nil : order.issue.text, actions: actions,
      hasActions: !actions.isEmpty,
      entries: timeline.map { TimelineLine($0, at: node, page: record.id, words: words) })
  }
}

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
    maySeeEvidence: Bool, timeline: [TimelineEntry], words: Words
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
          task.evidence, of: record.id, mayUpload: verbs.contains(.addEvidence), words: words)
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
