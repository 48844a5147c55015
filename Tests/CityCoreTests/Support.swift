import CityCore

/// Values that a property is checked with: always the same ones, so that a failure comes back.
func samples<Value>(_ count: Int, seed: UInt64 = 1, _ make: (inout SeededRandom) -> Value)
  -> [Value]
{
  var random = SeededRandom(seed: seed)
  return (0..<count).map { _ in make(&random) }
}
