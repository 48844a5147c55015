public import CityCore

/// What is asked of an order.
public enum OrderCommand: Hashable, Sendable {
  case issue(OrderIssue)
  /// A recipient's task said something; ``Order/mirror(_:task:at:)``.
  case mirror(OrderEvent.RecipientChange)
  case recall(reason: String)
  case expire
  case remind
  case requireOutbound([ThingID])
  case close(text: String? = nil)
  case note(text: String)

  /// The action that it is.
  public var verb: OrderVerb {
    switch self {
    case .issue: .issue
    case .mirror: .mirror
    case .recall: .recall
    case .expire: .expire
    case .remind: .remind
    case .requireOutbound: .requireOutbound
    case .close: .close
    case .note: .note
    }
  }

  /// The command that a person's request means.
  /// - Throws: ``Problem`` `invalid` naming the value that is missing; `forbidden` for what people
  ///   do not do this way.
  public init(_ verb: OrderVerb, _ input: CaseInput) throws(Problem) {
    switch verb {
    case .recall:
      guard let reason = input.reason else { throw TextRule.fault("/reason", "is needed") }
      self = .recall(reason: reason)
    case .remind: self = .remind
    case .close: self = .close(text: input.text)
    case .note:
      guard let text = input.text else { throw TextRule.fault("/text", "is needed") }
      self = .note(text: text)
    case .issue, .mirror, .expire, .requireOutbound:
      throw Problem(.forbidden, "\(verb.rawValue) is no action of people on an order")
    }
  }
}

/// What can be done with an order. The raw value is the last part of the action's path.
public enum OrderVerb: String, Codable, Sendable, CaseIterable {
  case issue, mirror, recall, expire, remind
  case requireOutbound = "require-outbound"
  case close, note

  /// What stands on the button.
  public var label: Label {
    switch self {
    case .issue: Label(zh: "下达", en: "Issue")
    case .mirror: Label(zh: "反馈", en: "Take note")
    case .recall: Label(zh: "撤回", en: "Recall")
    case .expire: Label(zh: "失效", en: "Expire")
    case .remind: Label(zh: "催办", en: "Remind")
    case .requireOutbound: Label(zh: "外呼", en: "Send out")
    case .close: Label(zh: "办结", en: "Close")
    case .note: Label(zh: "备注", en: "Add a note")
    }
  }

  /// What it asks for.
  public var required: [CaseField] {
    switch self {
    case .recall: [.reason]
    case .note: [.text]
    case .issue, .mirror, .expire, .remind, .requireOutbound, .close: []
    }
  }

  /// What it also takes.
  public var optional: [CaseField] { self == .close ? [.text] : [] }

  var authorities: [Authority] {
    switch self {
    case .issue, .recall, .close: [.command, .leader]
    case .remind: [.command, .leader, .system]
    case .mirror, .expire, .requireOutbound: [.system]
    case .note: Authority.allCases
    }
  }
}
