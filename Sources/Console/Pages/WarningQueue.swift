import CityCore
import Journal
import Operations
import Warnings

/// Open warnings, folded.
struct WarningQueue: ViewModel {
  struct Line: ViewModel {
    let lineKey: String
    let badge: GradeBadge?
    let lineName: String
    let count: Int
    let area: String
    let latest: Moment
    let warnings: [Item]
    /// Where the rest of them is; nil when all are shown.
    let moreHref: String?
    let isOpen: Bool
  }

  struct Item: ViewModel {
    let id: String
    let badge: GradeBadge?
    let stageKey: String
    let stage: String
    let message: String
    let subject: String
    let measured: String?
    let raised: Moment
    let area: String
    let origin: OriginView?
    let incident: String?
    let dismissal: String?
    let canAcknowledge: Bool
    let canDismiss: Bool
  }

  /// Warnings that a line shows when it is unfolded; the gravest.
  static let shownPerLine = 20

  let total: Int
  let hasLines: Bool
  let lines: [Line]
  /// How many the visitor could acknowledge at once; nil where that is not worth a page of its own.
  let waiting: Int?

  init(total: Int, lines: [Line], waiting: Int = 0) {
    self.total = total
    self.lines = lines
    self.waiting = waiting > 1 ? waiting : nil
    hasLines = !lines.isEmpty
  }
}

extension FoldLine {
  /// Names the line for as long as it is folded like that.
  var key: String { "\(area?.rawValue ?? "-").\(rule ?? "-")" }
}

extension WarningQueue.Line {
  init(_ line: FoldLine, items: [WarningQueue.Item], words: Words) {
    self.init(
      lineKey: line.key, badge: words.grade(line.grade),
      lineName: line.ruleName.map { words($0) } ?? words["severalRules"], count: line.count,
      area: line.area?.rawValue ?? words["severalAreas"], latest: words.moment(line.newest),
      warnings: items,
      moreHref: items.count < line.count ? WarningLinePage.href(line.key, page: 0) : nil,
      isOpen: line.count == 1)
  }
}

extension WarningQueue.Item {
  /// - Throws: `corrupted` when the state cannot be read.
  init(
    _ record: ThingRecord, at node: NodeID, isStale: Bool, mayAcknowledge: Bool, mayDismiss: Bool,
    words: Words
  ) throws(Problem) {
    let state = try WarningState(record: record)
    // Only its owner decides what becomes of it.
    let isOurs = record.owner == node
    self.init(
      id: record.id.rawValue, badge: words.grade(state.grade), stageKey: state.stage.rawValue,
      stage: words.choice("warning", state.stage.rawValue), message: words(state.message),
      subject: words(state.subjectName),
      measured: state.value.map { "\(NumberText.of($0)) \(state.unit)" },
      raised: words.moment(state.raised), area: state.jurisdiction.rawValue,
      origin: words.origin(record, at: node, isStale: isStale),
      incident: state.incident?.rawValue, dismissal: state.dismissal,
      canAcknowledge: isOurs && mayAcknowledge && state.stage == .raised,
      canDismiss: isOurs && mayDismiss && state.isOpen)
  }
}
