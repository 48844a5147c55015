/// The value as the other type when both are one type, else nil. In generic code this asks the
/// types alone, where `as?` would search for conformances and bridges.
@inline(__always)
func retyped<From, To>(_ value: From, as type: To.Type) -> To? {
  guard From.self == To.self else { return nil }
  // Safe: the line above has found the two types to be the same.
  return unsafeBitCast(value, to: To.self)
}
