import CityCore
import Incidents

/// One line of the story of a thing.
struct TimelineLine: ViewModel {
  struct Delay: ViewModel {
    let path: String
    let delay: String
  }

  let at: Moment
  let kind: String
  let text: String?
  let target: String?
  let actor: String
  let nodeName: String
  let isOwn: Bool
  let thingLink: LinkView?
  let delays: [Delay]
}

extension TimelineLine {
  /// - Parameter page: the thing whose page it is; others are linked.
  init(_ entry: TimelineEntry, at node: NodeID, page: ThingID, words: Words) {
    let isElsewhere = entry.thing != page
    self.init(
      at: words.moment(entry.time), kind: words.choice("kind", entry.kind), text: entry.text,
      target: entry.target.map { Self.target($0, words) }, actor: words.actor(entry.actor),
      nodeName: words.node(entry.node), isOwn: entry.node == node,
      thingLink: isElsewhere
        ? LinkView(href: ThingTable.Row.href(entry.thing), name: entry.thing.rawValue) : nil,
      delays: entry.hops.map { hop in
        Delay(
          path: "\(words.node(hop.from)) → \(words.node(hop.to))",
          delay: Self.delay(hop, words))
      })
  }

  /// A node, an organisation, or a thing by its id.
  private static func target(_ raw: String, _ words: Words) -> String {
    if let node = NodeID(rawValue: raw), words.names.nodes[node] != nil { return words.node(node) }
    return PrincipalID(rawValue: raw).map(words.organisation) ?? raw
  }

  /// `1.24 s ± 0.01 s`, or that it is not known: clocks that were never compared say nothing.
  static func delay(_ hop: TimelineEntry.HopDelay, _ words: Words) -> String {
    guard let delay = hop.delay, let uncertainty = hop.uncertainty else { return words["unknown"] }
    return "\(seconds(delay)) ± \(seconds(uncertainty))"
  }

  static func seconds(_ microseconds: Int64) -> String {
    let milliseconds = Double(microseconds) / 1_000
    return abs(milliseconds) < 1_000
      ? "\(NumberText.of((milliseconds * 10).rounded() / 10)) ms"
      : "\(NumberText.of((milliseconds / 10).rounded() / 100)) s"
  }
}
