import CityCore
import FoundationEssentials
import Glibc

/// The wall clock of the machine.
struct SystemClock: Clock64 {
  func now() -> UTCTime {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return UTCTime(
      rawValue: Int64(time.tv_sec) &* 1_000_000 &+ Int64(time.tv_nsec) / 1_000)
  }
}
