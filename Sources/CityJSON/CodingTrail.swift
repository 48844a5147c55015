/// Where a coder stands. A list that grows at its end and shares its beginning, because the path is
/// spelled out only when something is wrong. The coders themselves are its links, so that going one
/// level deeper allocates once.
class CodingTrail {
  enum Step {
    case root
    case key(String)
    case index(Int)
  }

  private let parent: CodingTrail?
  private let step: Step

  init(parent: CodingTrail?, step: Step) {
    self.parent = parent
    self.step = step
  }

  /// The path as `Codable` wants it.
  final var codingPath: [any CodingKey] {
    var reversed: [any CodingKey] = []
    var trail: CodingTrail? = self
    while let current = trail {
      switch current.step {
      case .root: break
      case .key(let key): reversed.append(AnyKey(key))
      case .index(let index): reversed.append(AnyKey(intValue: index))
      }
      trail = current.parent
    }
    return reversed.reversed()
  }

  /// The same path without the coders on it, for whom a coder itself keeps.
  final var detached: CodingTrail {
    CodingTrail(parent: parent?.detached, step: step)
  }
}
