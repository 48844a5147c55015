import Testing

@testable import Low

@Test func `it isn't "odd" // at all`() {}
