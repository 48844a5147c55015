public import CityCore

/// What is asked of a task.
public enum TaskCommand: Hashable, Sendable {
  case request(TaskRequest)
  case receive
  case acknowledge
  case accept
  case refuse(reason: String)
  case progress(text: String, percent: Int? = nil)
  case addEvidence([Evidence])
  case complete(text: String, evidence: [Evidence] = [])
  /// The issuer's directive arrived.
  case recall(reason: String)
  case expire
  case remind
  case requireOutbound
  case note(text: String)

  /// The action that it is.
  public var verb: TaskVerb {
    switch self {
    case .request: .request
    case .receive: .receive
    case .acknowledge: .acknowledge
    case .accept: .accept
    case .refuse: .refuse
    case .progress: .progress
    case .addEvidence: .addEvidence
    case .complete: .complete
    case .recall: .recall
    case .expire: .expire
    case .remind: .remind
    case .requireOutbound: .requireOutbound
    case .note: .note
    }
  }

  /// The command that a person's request means.
  /// - Throws: ``Problem`` `invalid` naming the value that is missing; `forbidden` for what people
  ///   do not do.
  public init(_ verb: TaskVerb, _ input: CaseInput) throws(Problem) {
    func need<Value>(_ value: Value?, _ field: CaseField) throws(Problem) -> Value {
      guard let value else { throw TextRule.fault("/" + field.rawValue, "is needed") }
      return value
    }
    switch verb {
    case .acknowledge: self = .acknowledge
    case .accept: self = .accept
    case .refuse: self = .refuse(reason: try need(input.reason, .reason))
    case .progress:
      self = .progress(text: try need(input.text, .text), percent: input.percent)
    case .addEvidence: self = .addEvidence(try need(input.evidence, .evidence))
    case .complete:
      self = .complete(text: try need(input.text, .text), evidence: input.evidence ?? [])
    case .note: self = .note(text: try need(input.text, .text))
    case .request, .receive, .recall, .expire, .remind, .requireOutbound:
      throw Problem(.forbidden, "\(verb.rawValue) is no action of people on a task")
    }
  }
}

/// What can be done with a task. The raw value is the last part of the action's path.
public enum TaskVerb: String, Codable, Sendable, CaseIterable {
  case request, receive, acknowledge, accept, refuse, progress
  case addEvidence = "add-evidence"
  case complete, recall, expire, remind
  case requireOutbound = "require-outbound"
  case note

  /// What stands on the button.
  public var label: Label {
    switch self {
    case .request: Label(zh: "下达", en: "Request")
    case .receive: Label(zh: "送达", en: "Receive")
    case .acknowledge: Label(zh: "签收", en: "Acknowledge")
    case .accept: Label(zh: "接受", en: "Accept")
    case .refuse: Label(zh: "拒绝", en: "Refuse")
    case .progress: Label(zh: "进展", en: "Report progress")
    case .addEvidence: Label(zh: "上传附件", en: "Add evidence")
    case .complete: Label(zh: "办结", en: "Complete")
    case .recall: Label(zh: "撤回", en: "Recall")
    case .expire: Label(zh: "失效", en: "Expire")
    case .remind: Label(zh: "催办", en: "Remind")
    case .requireOutbound: Label(zh: "外呼", en: "Send out")
    case .note: Label(zh: "备注", en: "Add a note")
    }
  }

  /// What it asks for.
  public var required: [CaseField] {
    switch self {
    case .refuse, .recall: [.reason]
    case .progress, .complete, .note: [.text]
    case .addEvidence: [.evidence]
    case .request, .receive, .acknowledge, .accept, .expire, .remind, .requireOutbound: []
    }
  }

  /// What it also takes.
  public var optional: [CaseField] {
    switch self {
    case .progress: [.percent]
    case .complete: [.evidence]
    default: []
    }
  }

  /// The stages in which it may be done. Acceptance implies acknowledgement; a task for a unit of
  /// the issuing node itself needs no delivery.
  var from: [OrderTask.Stage] {
    switch self {
    case .request: []
    case .receive: [.requested]
    case .acknowledge: [.requested, .received]
    case .accept, .refuse: [.requested, .received, .acknowledged]
    case .progress, .addEvidence, .complete: [.accepted]
    case .recall: [.requested, .received, .acknowledged, .accepted]
    case .expire: [.requested, .received, .acknowledged]
    case .remind, .requireOutbound: [.requested, .received]
    case .note: OrderTask.Stage.allCases
    }
  }

  var authorities: [Authority] {
    switch self {
    case .request: [.command, .leader, .system]
    case .receive, .recall, .expire, .remind, .requireOutbound: [.system]
    case .acknowledge, .accept, .refuse, .progress, .addEvidence, .complete:
      [.command, .supervision, .handler, .leader]
    case .note: Authority.allCases
    }
  }
}
