protocol Store { func load() async }
actor Counter {
  let actor: Actor
}

func run() async {
  await Task { 1 }.value
  let now = Date()
  let id = UUID()
  let one = Int.random(in: 0..<6)
  let two = [1, 2].shuffled()
  var generator = SystemRandomNumberGenerator()
  DispatchQueue.main.sync {}
  Thread.sleep(1)
  let home = ProcessInfo.processInfo
  let clock = ContinuousClock()
  var seeded = SeededRandom(seed: 1)
  let three = [1, 2].shuffled(using: &seeded)
}
