import CityCore
import Incidents
import Journal
import Operations

extension World {
  /// Orders to children, and what their people do with the tasks.
  mutating func ordering() {
    let index = random.below(nodes.count)
    switch random.below(10) {
    case 0...2: issuing(index)
    case 3: recalling(index)
    default: working(index)
    }
  }

  private mutating func issuing(_ index: Int) {
    let children = nodes[index].children
    guard !children.isEmpty else { return }
    let jurisdiction = nodes[index].jurisdiction
    let chosen = children.filter { _ in random.below(3) != 0 }
    let targets = (chosen.isEmpty ? [children[0]] : chosen).map {
      OrderTarget(node: $0, name: Label(zh: $0.rawValue, en: $0.rawValue))
    }
    let grade = Grade.allCases[random.below(4)]
    let expires: UTCTime? = random.below(2) == 0 ? now + .seconds(Int64(5 + random.below(30))) : nil
    let party = party(index, [.command])
    var created: [ThingID] = []
    run(index, "orders \(targets.map(\.node.rawValue))") { core, now, store, outcome in
      let order = try core.issueOrder(
        OrderIssue(
          title: "order", grade: grade, recipients: [], expires: expires,
          jurisdiction: jurisdiction), to: targets, by: party, now: now, store: store,
        outcome: &outcome)
      created = [order] + (try store.things(parent: order, limit: 100).map(\.id))
    }
    things += created
  }

  private mutating func recalling(_ index: Int) {
    let party = party(index, [.command])
    let orders = things.filter {
      $0.kind == "ord" && nodes[index].store.tables.things[$0] != nil
    }
    guard !orders.isEmpty else { return }
    let order = orders[random.below(orders.count)]
    run(index, "recalls \(order)") { core, now, store, outcome in
      try core.act(
        on: order, OrderCommand.recall(reason: "r"), by: party, now: now, store: store,
        outcome: &outcome)
    }
  }

  private mutating func working(_ index: Int) {
    let party = party(index, [.handler])
    let node = nodes[index].id
    let tasks = things.filter {
      $0.kind == "tsk" && nodes[index].store.tables.things[$0]?.owner == node
    }
    guard !tasks.isEmpty else { return }
    let task = tasks[random.below(tasks.count)]
    let command: TaskCommand =
      switch random.below(5) {
      case 0: .acknowledge
      case 1, 2: .accept
      case 3: .progress(text: "progress \(steps)", percent: random.below(101))
      default: random.below(2) == 0 ? .complete(text: "done") : .refuse(reason: "r")
      }
    run(index, "works on \(task)") { core, now, store, outcome in
      try core.act(
        on: task, command, by: party, now: now, store: store, outcome: &outcome)
    }
  }
}
