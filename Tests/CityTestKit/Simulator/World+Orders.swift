import CityCore
import Incidents
import Journal
import Operations

extension World {
  /// Orders to children, and what their people do with the tasks.
  mutating func ordering() {
    switch random.below(10) {
    case 0, 1: issuing(random.below(nodes.count))
    case 2: recalling(random.below(nodes.count))
    default: working()
    }
  }

  /// A node whose people have a task in hand.
  private mutating func busyNode() -> Int? {
    let busy = nodes.indices.filter { index in
      let node = nodes[index]
      return node.isUp
        && tasks.contains { task in
          guard let record = node.store.tables.things[task] else { return false }
          return record.owner == node.id && record.offeredTo == nil && record.index.isOpen
        }
    }
    return busy.isEmpty ? nil : busy[random.below(busy.count)]
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
    let expires: UTCTime? = random.below(2) == 0 ? now + .seconds(Int64(2 + random.below(20))) : nil
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
    guard let order = created.first else { return }
    things += created
    orders.append(order)
    tasks += created.dropFirst()
  }

  private mutating func recalling(_ index: Int) {
    let party = party(index, [.command])
    let node = nodes[index].id
    guard let order = pick(orders, at: index, where: { $0.owner == node && $0.index.isOpen })
    else { return }
    run(index, "recalls \(order)") { core, now, store, outcome in
      try core.act(
        on: order, OrderCommand.recall(reason: "r"), by: party, now: now, store: store,
        outcome: &outcome)
    }
  }

  private mutating func working() {
    guard let index = busyNode() else { return }
    let party = party(index, [.handler])
    let node = nodes[index].id
    guard let task = pick(tasks, at: index, where: { $0.owner == node && $0.index.isOpen })
    else { return }
    let isAccepted = nodes[index].store.tables.things[task]?.index.stage == "accepted"
    // Mostly what is possible in its stage.
    let what = random.below(10)
    let command: TaskCommand =
      switch isAccepted == (what < 9) {
      case true where what < 4: .progress(text: "progress \(steps)", percent: random.below(101))
      case true: .complete(text: "done")
      case false where what < 3: .acknowledge
      case false where what == 3: .refuse(reason: "r")
      case false: .accept
      }
    run(index, "works on \(task)") { core, now, store, outcome in
      try core.act(
        on: task, command, by: party, now: now, store: store, outcome: &outcome)
    }
  }
}
