import CityCore
import Linkage
import Operations

struct LinksPage: PageView {
  let template = "links"
  func title(_ words: Words) -> String { words["linksTitle"] }

  struct Link: ViewModel {
    let stateKey: String
    let name: String
    let relation: String
    let level: String
    let node: String
    let state: String
    let heard: Moment?
    let released: String
    let acknowledged: String
    let backlogOut: String
    let outTone: String
    let announced: String
    let applied: String
    let backlogIn: String
    let inTone: String
    let clockOffset: String
    let since: Moment?
    let software: String?
    /// Why it does not stand, and since when.
    let trouble: Trouble?
    let alarm: Alarm?
    let eventIn: Moment?
    let eventOut: Moment?
    let certificateEnds: Moment?
    let certificateTone: String
  }
  struct Trouble: ViewModel {
    let text: String
    let since: Moment
  }
  struct Alarm: ViewModel {
    let text: String
    let href: String
    let since: Moment
    let last: Moment
    let times: Int
  }
  /// The vital signs of one node.
  struct Vitals: ViewModel {
    let name: String
    let node: String
    let origin: String
    let measured: Moment
    let tone: String
    let values: [Fact]
  }

  let hasLinks: Bool
  let links: [Link]
  var hasVitals = false
  var vitals: [Vitals] = []
}

extension LinksPage.Link {
  init(_ status: LinkStatus, words: Words) {
    func offset() -> String {
      guard let offset = status.clockOffset, let uncertainty = status.clockUncertainty else {
        return words["unknown"]
      }
      return "\(TimelineLine.seconds(offset)) ± \(TimelineLine.seconds(uncertainty))"
    }
    self.init(
      stateKey: status.state.rawValue, name: words(status.name),
      relation: words.choice("relation", status.relation.rawValue),
      level: words.choice("level", status.level.rawValue), node: status.node.rawValue,
      state: words.choice("link", status.state.rawValue), heard: status.lastHeard.map(words.moment),
      released: "\(status.released)", acknowledged: "\(status.acknowledged)",
      backlogOut: "\(status.backlogOut)", outTone: status.backlogOut > 0 ? "is-stale" : "",
      announced: "\(status.announced)", applied: "\(status.applied)",
      backlogIn: "\(status.backlogIn)", inTone: status.backlogIn > 0 ? "is-stale" : "",
      clockOffset: offset(), since: status.connectedSince.map(words.moment),
      software: status.software,
      trouble: status.trouble.map {
        LinksPage.Trouble(text: words.choice("trouble", $0.code), since: words.moment($0.since))
      },
      alarm: status.alarm.map {
        LinksPage.Alarm(
          text: words.choice("linkAlarm", $0.kind.rawValue), href: "/warnings",
          since: words.moment($0.since), last: words.moment($0.last), times: $0.times)
      }, eventIn: status.lastEventIn.map(words.moment),
      eventOut: status.lastEventOut.map(words.moment),
      certificateEnds: status.certificateEnds.map(words.moment),
      certificateTone: status.certificateEnds.map { $0 - words.now < Self.shortly } ?? false
        ? "is-stale" : "")
  }

  /// A certificate that ends so soon should have been renewed three weeks ago.
  private static let shortly = Duration64.days(9)
}

extension LinksPage.Vitals {
  init(_ signs: VitalSigns, words: Words) {
    self.init(
      name: signs.name.map(words.callAsFunction) ?? signs.node.rawValue,
      node: signs.node.rawValue, origin: words[signs.isOwn ? "vitalsOwn" : "vitalsReported"],
      measured: words.moment(words.now - signs.age), tone: signs.isStale ? "is-stale" : "",
      values: signs.values.compactMap { vital in
        // Stages are for programs; here they are too many. What another release tells is shown.
        guard !vital.name.contains(".stage.") else { return nil }
        return Fact.of(words.choice("vital", vital.name), NumberText.of(vital.value))
      })
  }
}
