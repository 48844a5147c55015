public import CityCore

/// Who is on call, when. Data.
public struct DutyRoster: Hashable, Sendable, Codable {
  /// One turn of one person.
  public struct Turn: Hashable, Sendable, Codable {
    /// Such as `duty-officer`.
    public var post: String
    /// Who.
    public var person: PrincipalID
    /// From then on.
    public var from: UTCTime
    /// Until then, excluded.
    public var to: UTCTime
    /// One turn of one person.
    public init(post: String, person: PrincipalID, from: UTCTime, to: UTCTime) {
      self.post = post
      self.person = person
      self.from = from
      self.to = to
    }
  }
  /// In any order.
  public var turns: [Turn]
  /// A roster of turns in any order.
  public init(turns: [Turn]) { self.turns = turns }

  /// Who is on call at a post, sorted.
  public func onCall(_ post: String, at time: UTCTime) -> [PrincipalID] {
    turns.filter { $0.post == post && $0.from <= time && time < $0.to }.map(\.person).unique()
  }
}

/// Whom to call until somebody acknowledges: step by step, skipping posts with nobody on call, from
/// the start again after the last. Data.
public struct EscalationLadder: Hashable, Sendable, Codable {
  /// One step.
  public struct Step: Hashable, Sendable, Codable {
    /// Whom to call.
    public var post: String
    /// Seconds to wait for an acknowledgement before the next step; at least 10.
    public var waitSeconds: Int
    /// Calls a post and waits.
    public init(post: String, waitSeconds: Int) {
      self.post = post
      self.waitSeconds = max(10, waitSeconds)
    }
  }
  /// A call that is to be made.
  public struct Call: Hashable, Sendable {
    /// When.
    public var at: UTCTime
    /// The step, from 0.
    public var step: Int
    /// The round, from 1.
    public var round: Int
    /// Who is on call then; never empty.
    public var people: [PrincipalID]
  }

  /// In order.
  public var steps: [Step]
  /// How often the ladder is climbed; at least once.
  public var rounds: Int
  /// A ladder that is climbed so often.
  public init(steps: [Step], rounds: Int) {
    self.steps = steps
    self.rounds = min(max(1, rounds), 1_000)
  }

  /// Every call from the start on until all rounds are over, as the roster stands now. A step with
  /// nobody on call takes no time.
  public func calls(from start: UTCTime, roster: DutyRoster) -> [Call] {
    var calls: [Call] = []
    var at = start
    for round in 1...min(max(1, rounds), 1_000) {
      let before = calls.count
      for (index, step) in steps.enumerated() {
        let people = roster.onCall(step.post, at: at)
        guard !people.isEmpty else { continue }
        calls.append(Call(at: at, step: index, round: round, people: people))
        at = at + .seconds(Int64(min(max(10, step.waitSeconds), 2_592_000)))
      }
      if calls.count == before { break }
    }
    return calls
  }
}
