import Testing

@Test(.disabled("later")) func later() async throws {
  try await Task.sleep(for: .seconds(1))
  // Safe: the time that passes is what is tested.
  usleep(10)

  sleep(1)
  withKnownIssue { #expect(1 == 2) }
}
