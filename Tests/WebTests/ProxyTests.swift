import CityCore
import Testing

@testable import Web

struct ProxyTests {
  private func address(_ text: String) throws -> PeerAddress {
    try #require(PeerAddress(literal: text))
  }

  @Test(arguments: [
    // Nobody is believed who is not listed.
    ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
    ("10.1.2.3", "198.51.100.1", "198.51.100.1"),
    // What stands left of an unlisted address was written by it.
    ("10.1.2.3", "127.0.0.1, 198.51.100.1", "198.51.100.1"),
    ("10.1.2.3", "198.51.100.1, 10.9.9.9,10.1.0.1", "198.51.100.1"),
    ("10.1.2.3", "10.9.9.9", "10.9.9.9"),
    ("10.1.2.3", "nonsense, 10.9.9.9", "10.9.9.9"),
    ("10.1.2.3", "", "10.1.2.3"), ("10.1.2.3", "unknown", "10.1.2.3"),
    ("fd00::5", "2001:db8::7", "2001:db8::7"), ("fd00::6", "2001:db8::7", "fd00::6"),
    ("10.1.2.3", "[2001:db8::7]", "2001:db8::7"), ("11.0.0.1", "198.51.100.1", "11.0.0.1"),
  ])
  func `a listed proxy is believed, as far as the nearest address that is not listed`(
    peer: String, field: String, client: String
  ) throws {
    let proxies = try #require(TrustedProxies(["10.0.0.0/8", "fd00::5"]))
    let found = proxies.client(of: try address(peer), forwardedFor: field)
    #expect(found == (try address(client)))
  }

  @Test func `without proxies the field counts for nothing`() throws {
    let peer = try address("127.0.0.1")
    #expect(TrustedProxies.none.client(of: peer, forwardedFor: "198.51.100.1") == peer)
    #expect(
      try #require(TrustedProxies(["127.0.0.1"])).client(of: peer, forwardedFor: nil) == peer)
  }

  @Test(arguments: ["", "10.0.0.0/0", "10.0.0.0/33", "10.0.0", "proxy.example.org", "::1/129"])
  func `what is no address and no range is refused`(text: String) {
    #expect(TrustedProxies([text]) == nil)
  }

  @Test func `who comes through a proxy is limited by the address that the proxy tells`()
    async throws
  {
    var server = TestServer([.get("/hello", access: .public) { _, _ in .text("hello") }])
    server.settings.trustedProxies = try #require(TrustedProxies(["127.0.0.1"]))
    server.settings.rates.anonymous = RateBudget(perSecond: 1, burst: 1)
    try await server.run { server async throws in
      func status(_ client: String) async throws -> Int {
        try await ask(server.port, "GET /hello", ["X-Forwarded-For: 10.0.0.1, \(client)"]).status
      }
      #expect(try await status("198.51.100.1") == 200)
      #expect(try await status("198.51.100.1") == 429)
      #expect(try await status("198.51.100.2") == 200)
    }
  }
}
