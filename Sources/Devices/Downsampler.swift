public import CityCore

/// One reading of a series whose device and property are known from the question.
public struct Sample: Hashable, Sendable, Codable {
  public let time: UTCTime
  public let value: Double
  public init(time: UTCTime, value: Double) {
    self.time = time
    self.value = value
  }
}

/// What happened within one step of time.
public struct ReadingBucket: Hashable, Sendable, Codable {
  /// The step is `start..<start + step`.
  public var start: UTCTime
  public var min: Double
  public var max: Double
  /// Of the readings, not weighted by how long each held.
  public var mean: Double
  /// The value of the newest reading, and when it was measured.
  public var last: Double
  public var lastTime: UTCTime
  public var count: Int

  /// The bucket of one reading.
  public init(start: UTCTime, sample: Sample) {
    self.start = start
    min = sample.value
    max = sample.value
    mean = sample.value
    last = sample.value
    lastTime = sample.time
    count = 1
  }

  mutating func add(_ sample: Sample) {
    count += 1
    // Divided first: a sum of values near the largest double would overflow.
    mean += sample.value / Double(count) - mean / Double(count)
    min = Swift.min(min, sample.value)
    max = Swift.max(max, sample.value)
    if sample.time >= lastTime {
      last = sample.value
      lastTime = sample.time
    }
  }

  /// Takes in another bucket of the same step, such as the part of it that lies in another file.
  public mutating func merge(_ other: ReadingBucket) {
    let total = count + other.count
    mean += (other.mean / Double(total) - mean / Double(total)) * Double(other.count)
    count = total
    min = Swift.min(min, other.min)
    max = Swift.max(max, other.max)
    if other.lastTime >= lastTime {
      last = other.last
      lastTime = other.lastTime
    }
  }
}

/// Folds readings into steps of time. Readings of one step come together; steps without readings are
/// left out.
public struct Downsampler: Sendable {
  /// Buckets that one question may ask for.
  public static let maximumBuckets = 10_000

  public let step: Duration64
  /// Steps begin here and every `step` before and after: midnight of the jurisdiction for days.
  public let origin: UTCTime
  public private(set) var buckets: [ReadingBucket] = []

  /// - Throws: ``Problem`` `invalid` when the step is under a millisecond, the span is not forward
  ///   or has more than ``maximumBuckets`` steps.
  public init(
    from: UTCTime, to: UTCTime, step: Duration64, origin: UTCTime = UTCTime(rawValue: 0)
  ) throws(Problem) {
    guard step >= .milliseconds(1) else {
      throw Problem(
        .invalid, "the step is too small",
        faults: [.init(at: "/step", reason: "must be at least a millisecond")])
    }
    guard from < to else {
      throw Problem(
        .invalid, "the span is empty", faults: [.init(at: "/to", reason: "must be after from")])
    }
    guard (to - from).microseconds / step.microseconds <= Int64(Self.maximumBuckets) else {
      throw Problem(
        .invalid, "too many steps",
        faults: [
          .init(at: "/step", reason: "at most \(Self.maximumBuckets) steps between from and to")
        ])
    }
    self.step = step
    self.origin = origin
  }

  /// When the step of an instant begins.
  public func start(of time: UTCTime) -> UTCTime {
    let since = (time - origin).microseconds
    let size = step.microseconds
    let rest = since % size
    return time - Duration64(microseconds: rest < 0 ? rest + size : rest)
  }

  /// Takes in a reading. Readings come in order of time.
  public mutating func add(_ sample: Sample) {
    let last = buckets.count - 1
    if last >= 0, sample.time >= buckets[last].start, sample.time < buckets[last].start + step {
      buckets[last].add(sample)
    } else {
      buckets.append(ReadingBucket(start: start(of: sample.time), sample: sample))
    }
  }
}
