/// Values of sensors for people: up to six digits, without a needless fraction.
enum NumberText {
  static func of(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let magnitude = abs(value)
    let digits = magnitude >= 1_000 ? 1.0 : magnitude >= 10 ? 100.0 : 1_000.0
    let rounded = (value * digits).rounded() / digits
    return rounded == rounded.rounded() ? "\(Int64(rounded))" : "\(rounded)"
  }
}
