public import CityCore

/// How far a recipient has come, as its task says: the mirror at the issuer.
public enum RecipientState: String, Codable, Sendable, CaseIterable {
  /// On its way.
  case offered
  /// The recipient's node has it.
  case delivered
  /// 签收: a person saw it.
  case acknowledged
  case accepted
  /// It reported at least once.
  case progress
  case completed
  case refused
  case recalled
  case expired

  /// Nothing more comes from it.
  public var isFinal: Bool { order == Self.finalOrder }
  /// A person has seen it, or nobody needs to.
  public var isAcknowledged: Bool { order >= Self.acknowledged.order }
  /// It takes part: accepted, working or done.
  public var isActive: Bool { self == .accepted || self == .progress || self == .completed }

  private static let finalOrder = 5
  /// States only go forward.
  var order: Int {
    switch self {
    case .offered: 0
    case .delivered: 1
    case .acknowledged: 2
    case .accepted: 3
    case .progress: 4
    case .completed, .refused, .recalled, .expired: Self.finalOrder
    }
  }

  /// What people read.
  public var label: Label {
    switch self {
    case .offered: Label(zh: "下发中", en: "On its way")
    case .delivered: Label(zh: "已送达", en: "Delivered")
    case .acknowledged: Label(zh: "已签收", en: "Acknowledged")
    case .accepted: Label(zh: "已接受", en: "Accepted")
    case .progress: Label(zh: "办理中", en: "In progress")
    case .completed: Label(zh: "已办结", en: "Completed")
    case .refused: Label(zh: "已拒绝", en: "Refused")
    case .recalled: Label(zh: "已撤回", en: "Recalled")
    case .expired: Label(zh: "已失效", en: "Expired")
    }
  }
}
