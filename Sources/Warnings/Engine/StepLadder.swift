import CityCore

/// The steps of a rule, turned so that larger is always worse, and the state of climbing them.
struct StepLadder: Sendable {
  /// From the least severe.
  let grades: [Grade]
  let raise: [Double]
  let clear: [Double]
  let hold: Int64
  let cooldown: Int64

  static let most = 4

  init(_ steps: [Rule.Step], sign: Double, hold: Duration64, cooldown: Duration64) {
    // A rule built in code instead of read from a pack may have any order and number.
    let sorted = steps.sorted { $0.grade < $1.grade }.prefix(Self.most)
    grades = sorted.map(\.grade)
    raise = sorted.map { $0.raise * sign }
    clear = sorted.map { min($0.clear * sign, $0.raise * sign) }
    self.hold = max(0, hold.microseconds)
    self.cooldown = max(0, cooldown.microseconds)
  }

  /// Where one subject stands.
  struct State: Hashable, Sendable {
    /// Index of the grade; -1 when there is no warning.
    var step = -1
    /// When the reading was measured that began the warning.
    var opened: Int64 = 0
    /// Since when the value is beyond `raise` of each step; `never` when it is not.
    var since = SIMD4<Int64>(repeating: StepLadder.never)
    /// No new warning before this.
    var quietUntil: Int64 = .min
    /// When something was told last. The clock may have told what a reading that was still on its
    /// way would have prevented; what that reading changes is told as of then, not before it.
    var changed: Int64 = .min

    var isIdle: Bool { step < 0 && since[0] == StepLadder.never }
  }

  static let never = Int64.max

  /// What happened, with its time.
  enum Outcome {
    case raised(step: Int)
    case stepped(from: Int, to: Int)
    case cleared(from: Int)
  }

  /// When the clock has to look again; ``never`` when only a reading can change something.
  func due(_ state: State) -> Int64 {
    var earliest = Self.never
    for index in (state.step + 1)..<max(state.step + 1, grades.count) {
      earliest = min(earliest, due(state, index))
    }
    return earliest
  }

  private func due(_ state: State, _ index: Int) -> Int64 {
    let since = state.since[index]
    guard since != Self.never else { return Self.never }
    let (due, overflow) = since.addingReportingOverflow(hold)
    guard !overflow else { return Self.never }
    return state.step < 0 ? max(due, state.quietUntil) : due
  }

  /// Climbs what has been held long enough by `time`, each step at the time when it was.
  func settle(_ state: inout State, upTo time: Int64, _ body: (Outcome, Int64, State) -> Void) {
    while true {
      let next = due(state)
      guard next != Self.never, next <= time else { return }
      var top = state.step
      for index in (state.step + 1)..<grades.count where due(state, index) <= next { top = index }
      state.changed = max(state.changed, next)
      if state.step < 0 {
        state.opened = state.since[0] == Self.never ? state.since[top] : state.since[0]
        state.step = top
        body(.raised(step: top), state.changed, state)
      } else {
        let from = state.step
        state.step = top
        body(.stepped(from: from, to: top), state.changed, state)
      }
    }
  }

  /// Takes in a reading: first what the value before it had earned by now, then what it changes.
  func take(
    _ value: Double, at time: Int64, _ state: inout State,
    _ body: (Outcome, Int64, State) -> Void
  ) {
    settle(&state, upTo: time, body)
    for index in grades.indices {
      if value < raise[index] {
        state.since[index] = Self.never
      } else if state.since[index] == Self.never {
        state.since[index] = time
      }
    }
    if state.step >= 0 {
      var held = state.step
      while held >= 0, value <= clear[held], value < raise[held] { held -= 1 }
      if held < 0 {
        end(&state, at: time, body)
      } else if held < state.step {
        let from = state.step
        state.step = held
        state.changed = max(state.changed, time)
        body(.stepped(from: from, to: held), state.changed, state)
      }
    }
    settle(&state, upTo: time, body)
  }

  /// Ends the warning. The state that is told is the one before, which names it.
  func end(_ state: inout State, at time: Int64, _ body: (Outcome, Int64, State) -> Void) {
    let before = state
    state.step = -1
    state.changed = max(state.changed, time)
    let (until, overflow) = state.changed.addingReportingOverflow(cooldown)
    // Without a cooldown nothing is held back, not even what the clamped time would.
    state.quietUntil = cooldown == 0 ? .min : overflow ? Self.never : until
    body(.cleared(from: before.step), state.changed, before)
  }
}
