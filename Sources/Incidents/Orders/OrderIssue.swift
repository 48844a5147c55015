public import CityCore

/// Somebody who shall do something: a node, or an organisation at a node.
public struct OrderRecipient: Hashable, Sendable, Codable {
  /// The node that will own the task.
  public var node: NodeID
  /// The unit at that node; nil for the node's duty officers.
  public var organisation: PrincipalID?
  /// What people read.
  public var name: Label
  /// The recipient's task, a `tsk_` thing made in the same commit.
  public var task: ThingID
  /// A recipient with the task that is made for it.
  public init(node: NodeID, organisation: PrincipalID? = nil, name: Label, task: ThingID) {
    self.node = node
    self.organisation = organisation
    self.name = name
    self.task = task
  }
}

/// What an order says. Body of `order.issued`.
public struct OrderIssue: Hashable, Sendable, Codable {
  /// One line.
  public var title: String
  /// What is to be done; may be empty.
  public var text: String
  /// How severe.
  public var grade: Grade
  /// 1...``Limits/recipients``, each node and organisation once.
  public var recipients: [OrderRecipient]
  /// It must be done by then.
  public var due: UTCTime?
  /// It is void where it was not accepted by then.
  public var expires: UTCTime?
  /// Completion needs evidence.
  public var requiresEvidence: Bool
  /// The case that it serves, an `inc_` thing.
  public var incident: ThingID?
  /// Where it belongs.
  public var jurisdiction: AdminCode
  /// The city's class code, for the release policy.
  public var classCode: String?
  /// How it rings; nil for not at all.
  public var reminders: ReminderPlan?
  /// The system that it was taken over from, unique together with `externalId`.
  public var externalSource: String?
  /// Its id there.
  public var externalId: String?

  /// An order; `Order.decide` says whether it is acceptable.
  public init(
    title: String, text: String = "", grade: Grade, recipients: [OrderRecipient],
    due: UTCTime? = nil, expires: UTCTime? = nil, requiresEvidence: Bool = false,
    incident: ThingID? = nil, jurisdiction: AdminCode, classCode: String? = nil,
    reminders: ReminderPlan? = nil, externalSource: String? = nil, externalId: String? = nil
  ) {
    self.title = title
    self.text = text
    self.grade = grade
    self.recipients = recipients
    self.due = due
    self.expires = expires
    self.requiresEvidence = requiresEvidence
    self.incident = incident
    self.jurisdiction = jurisdiction
    self.classCode = classCode
    self.reminders = reminders
    self.externalSource = externalSource
    self.externalId = externalId
  }

  /// The same with its texts trimmed.
  /// - Throws: ``Problem`` `invalid` naming the value that is not acceptable.
  func checked(now: UTCTime) throws(Problem) -> OrderIssue {
    var copy = self
    copy.title = try TextRule.title(title, at: "/title")
    copy.text = try TextRule.optional(text, at: "/text") ?? ""
    copy.externalSource = try TextRule.optionalTitle(externalSource, at: "/source", limit: 64)
    copy.externalId = try TextRule.optionalTitle(externalId, at: "/externalId", limit: 200)
    guard (1...Limits.recipients).contains(recipients.count) else {
      throw TextRule.fault("/recipients", "1...\(Limits.recipients)")
    }
    var seen: Set<[String]> = []
    var tasks: Set<ThingID> = []
    for (index, recipient) in recipients.enumerated() {
      let at = "/recipients/\(index)"
      let key = [recipient.node.rawValue, recipient.organisation?.rawValue ?? ""]
      guard seen.insert(key).inserted else { throw TextRule.fault(at, "is named twice") }
      guard recipient.task.kind == TaskEvent.thingKind, tasks.insert(recipient.task).inserted
      else { throw TextRule.fault(at + "/task", "must be a task of its own") }
      copy.recipients[index].name = Label(
        zh: try TextRule.title(recipient.name.zh, at: at + "/name/zh"),
        en: try TextRule.title(recipient.name.en, at: at + "/name/en"))
    }
    if let due, due <= now { throw TextRule.fault("/due", "must lie ahead") }
    if let expires, expires <= now { throw TextRule.fault("/expires", "must lie ahead") }
    if let incident, incident.kind != IncidentEvent.thingKind {
      throw TextRule.fault("/incident", "is not a case")
    }
    if let classCode, ClassCode(rawValue: classCode) == nil {
      throw TextRule.fault("/classCode", "1...12 letters and digits")
    }
    return copy
  }

  /// What goes to one recipient.
  /// - Parameters:
  ///   - order: the `ord_` thing.
  ///   - issuer: the node that issues it.
  public func request(
    to recipient: OrderRecipient, order: ThingID, issuer: NodeID
  ) -> TaskRequest {
    TaskRequest(
      order: order, issuer: issuer, node: recipient.node, organisation: recipient.organisation,
      name: recipient.name, title: title, text: text, grade: grade, due: due, expires: expires,
      requiresEvidence: requiresEvidence, incident: incident, jurisdiction: jurisdiction,
      classCode: classCode, reminders: reminders)
  }
}

/// What an issuer asks of one recipient. Body of `task.requested`.
public struct TaskRequest: Hashable, Sendable, Codable {
  /// The `ord_` thing.
  public var order: ThingID
  /// The node that issued it.
  public var issuer: NodeID
  /// The node that shall own the task.
  public var node: NodeID
  /// The unit at that node.
  public var organisation: PrincipalID?
  /// The recipient's name.
  public var name: Label
  /// One line.
  public var title: String
  /// What is to be done.
  public var text: String
  /// How severe.
  public var grade: Grade
  /// It must be done by then.
  public var due: UTCTime?
  /// It is void unless accepted by then.
  public var expires: UTCTime?
  /// Completion needs evidence.
  public var requiresEvidence: Bool
  /// The case that it serves.
  public var incident: ThingID?
  /// Where it belongs.
  public var jurisdiction: AdminCode
  /// The city's class code.
  public var classCode: String?
  /// How it rings.
  public var reminders: ReminderPlan?

  /// Labels of the task: issuer and recipient take part.
  public var labels: Labels {
    Labels(
      jurisdiction: jurisdiction, grade: grade, classCode: classCode,
      parties: [issuer, node].unique())
  }
}

extension Array where Element: Hashable & Comparable {
  /// Each once, sorted.
  func unique() -> [Element] { Set(self).sorted() }
}
