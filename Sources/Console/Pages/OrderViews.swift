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
