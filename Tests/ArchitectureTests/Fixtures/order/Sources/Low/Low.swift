struct Low {
  private var cursors: [NodeID: Int] = [:]
  let names: Set<String>

  func told(_ table: [String: [Int]]) -> [String] {
    let all = Set(["b", "a"])
    for name in all { send(name) }
    for name in all.sorted() { send(name) }
    for (node, cursor) in cursors { send(node, cursor) }
    for (key, value) in table where value.isEmpty { send(key) }
    let oldest = cursors.values.min()
    let first = cursors.keys.first
    // Any order: the sum is the same.
    let sum = cursors.values.reduce(0, +)
    let sorted = Set(names).sorted()
    for name in sorted { send(name) }

    return names.map { name in
      name + "!"
    }
    .sorted() + Array(names)
  }
}
