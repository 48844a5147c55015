import CityCore
import Journal
import Operations

/// All warnings, folded.
struct WarningsPage: PageView {
  let template = "warnings"
  func title(_ words: Words) -> String { words["warningsTitle"] }

  let queue: WarningQueue
}

/// Every warning of one line of the folded list, by pages.
struct WarningLinePage: PageView {
  static let size = 50

  let template = "warning-line"
  func title(_ words: Words) -> String { line.lineName }

  let line: WarningQueue.Line
  /// The numbers of the first and last that are shown.
  let range: String
  let pager: Pager?

  init(_ line: WarningQueue.Line, from: Int, pager: Pager) {
    self.line = line
    range = "\(from + 1)–\(from + line.warnings.count)"
    self.pager = pager.first == nil && pager.next == nil ? nil : pager
  }

  static func href(_ key: String, page: Int) -> String {
    "/warnings/line?line=\(Desk.encoded(key))" + (page > 0 ? "&page=\(page)" : "")
  }
}

/// The one confirmation for everything that waits: it lists it and names the number.
struct AcknowledgeAllPage: PageView {
  /// A warning as it was when it was listed.
  struct Seen: Equatable {
    let id: ThingID
    let version: Int

    init(id: ThingID, version: Int) {
      self.id = id
      self.version = version
    }

    /// From `wrn_…/3`.
    init?(_ text: Substring) {
      let parts = text.split(separator: "/")
      guard parts.count == 2, let id = ThingID(rawValue: String(parts[0])),
        let version = Int(parts[1])
      else { return nil }
      self.init(id: id, version: version)
    }

    var text: String { "\(id)/\(version)" }
  }

  let template = "acknowledge-all"
  func title(_ words: Words) -> String { words["acknowledgeAll"] }

  let hasWarnings: Bool
  let countText: String
  let submit: String
  let ids: String
  let warnings: [WarningQueue.Item]

  init(_ listed: [(record: ThingRecord, item: WarningQueue.Item)], words: Words) {
    hasWarnings = !listed.isEmpty
    countText = words.text("acknowledgeAllCount", listed.count)
    submit = words.text("acknowledgeAllSubmit", listed.count)
    ids = listed.map { Seen(id: $0.record.id, version: Int($0.record.version)).text }
      .joined(separator: " ")
    warnings = listed.map(\.item)
  }
}
