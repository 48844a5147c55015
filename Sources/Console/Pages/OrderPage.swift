import CityCore
import Incidents
import Journal
import Operations

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
