import CityCore
import Foundation
import Operations
import Synchronization

/// Which files of readings there are.
final class PartitionRegistry: Sendable {
  let folder: String
  /// Microseconds.
  let length: Int64
  /// Readings before it are gone. A multiple of ``length``.
  let horizon: Atomic<Int64>
  /// In order of time.
  private let partitions = Mutex<[Partition]>([])

  init(folder: String, length: Int64, horizon: Int64) {
    self.folder = folder
    self.length = length
    self.horizon = Atomic(horizon)
  }

  func start(of time: Int64) -> Int64 {
    let remainder = time % length
    return time - (remainder < 0 ? remainder + length : remainder)
  }

  func all() -> [Partition] { partitions.withLock { $0 } }

  func find(start: Int64) -> Partition? {
    partitions.withLock { list in
      let index = Self.lowerBound(list, start)
      return index < list.count && list[index].start == start ? list[index] : nil
    }
  }

  /// The partitions that hold any of `from..<to`, in order.
  func overlapping(from: Int64, to: Int64) -> [Partition] {
    partitions.withLock { list in list.filter { $0.start < to && $0.end > from } }
  }

  func make(start: Int64) -> Partition {
    let path = "\(folder)/\(Self.fileName(start: start))"
    return Partition(start: start, end: start + length, path: path)
  }

  func add(_ partition: Partition) {
    partitions.withLock { list in
      let index = Self.lowerBound(list, partition.start)
      guard index == list.count || list[index].start != partition.start else { return }
      list.insert(partition, at: index)
    }
  }

  /// Takes out what ends at or before `horizon`.
  func removeThrough(_ horizon: Int64) -> [Partition] {
    partitions.withLock { list in
      let gone = list.filter { $0.end <= horizon }
      list.removeAll { $0.end <= horizon }
      return gone
    }
  }

  private static func lowerBound(_ list: [Partition], _ start: Int64) -> Int {
    var low = 0
    var high = list.count
    while low < high {
      let middle = (low + high) / 2
      if list[middle].start < start { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Files

  /// `readings-20261121T000000Z.sqlite`.
  static func fileName(start: Int64) -> String {
    let stamp = UTCTime(rawValue: start).description.filter { $0 != "-" && $0 != ":" }
    return "readings-\(stamp).sqlite"
  }

  /// The starts of the partitions whose files lie in the folder, in order.
  static func starts(in folder: String) throws(Problem) -> [Int64] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: folder)
    } catch {
      throw Problem(.unavailable, "the folder of readings cannot be listed")
    }
    return names.compactMap(start(ofFile:)).sorted()
  }

  static func start(ofFile name: String) -> Int64? {
    guard name.hasPrefix("readings-"), name.hasSuffix("Z.sqlite") else { return nil }
    let stamp = Array(name.dropFirst(9).dropLast(7))
    guard stamp.count == 16 else { return nil }
    func part(_ range: Range<Int>) -> String { String(stamp[range]) }
    let text =
      "\(part(0..<4))-\(part(4..<6))-\(part(6..<8))T\(part(9..<11)):\(part(11..<13)):\(part(13..<15))Z"
    return UTCTime(text)?.rawValue
  }

  static func removeFiles(of partition: Partition) throws(Problem) {
    // The file itself last: what a crash leaves is found by its name, and removed at the next start.
    for suffix in ["-wal", "-shm", ""] {
      let path = partition.path + suffix
      guard FileManager.default.fileExists(atPath: path) else { continue }
      do {
        try FileManager.default.removeItem(atPath: path)
      } catch {
        throw Problem(.unavailable, "an old file of readings cannot be removed")
      }
      #if DEBUG
        CrashPoint.retentionPartlyRemoved.pass()
      #endif
    }
  }
}
