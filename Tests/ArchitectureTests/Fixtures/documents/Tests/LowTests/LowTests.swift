import Testing

@Test func `a test that is there`() {}
