// The only file of this target that needs the C library: its trigonometry, nothing else of it.
import Glibc

@inline(__always) func sine(_ radians: Double) -> Double { sin(radians) }
@inline(__always) func cosine(_ radians: Double) -> Double { cos(radians) }
@inline(__always) func arcSine(_ value: Double) -> Double { asin(value) }
@inline(__always) func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }

extension Double {
  /// Degrees to radians.
  @inline(__always) var radians: Double { self * .pi / 180 }
  /// Radians to degrees.
  @inline(__always) var degrees: Double { self * 180 / .pi }
}
