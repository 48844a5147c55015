import CityCore
import Foundation
import Testing

@testable import LinkCarrier

@Suite struct Invitations {
  private func make(_ random: inout SeededRandom) throws -> Invitation {
    let hosts = ["127.0.0.1", "city.example.org", "::1", "fe80::1%eth0"]
    let address = try #require(
      LinkAddress(host: hosts[random.below(hosts.count)], port: 1 + random.below(65_535)))
    let pin = try #require(Digest32(random.bytes(32)))
    return Invitation(
      address: address, caSHA256: pin, expires: UTCTime(seconds: Int64(random.below(1 << 32))),
      random: &random)
  }

  @Test func `every invitation reads back from its text, with white space around it`() throws {
    var random = SeededRandom(seed: 1)
    for _ in 0..<300 {
      let invitation = try make(&random)
      let text = invitation.text
      #expect(text.hasPrefix("cbi1_") && !text.contains("\n"))
      #expect(try Invitation(text: text) == invitation)
      #expect(try Invitation(text: "  \(text)\n") == invitation)
      #expect(invitation.secretHash == Invitation.hash(invitation.secret))
    }
  }

  @Test func `no damaged text is taken, and none crashes`() throws {
    var random = SeededRandom(seed: 2)
    for _ in 0..<500 {
      let invitation = try make(&random)
      var bytes = Array(invitation.text.utf8)
      switch random.below(3) {
      case 0: bytes.removeLast(1 + random.below(bytes.count - 1))
      case 1: bytes[random.below(bytes.count)] = UInt8(33 + random.below(90))
      default: bytes.insert(0x21, at: random.below(bytes.count))
      }
      // A changed letter of the address or secret can give another valid invitation; never this one
      // unless the letter happened to be the same.
      if let read = try? Invitation(text: String(decoding: bytes, as: UTF8.self)),
        String(decoding: bytes, as: UTF8.self) != invitation.text
      {
        #expect(read != invitation || read.text == invitation.text)
      }
    }
  }

  @Test(
    arguments: [
      "", "cbi1_", "cbi2_abc", "cbi1_%%%", "cbi1_e30", "hello world",
      "cbi1_" + String(repeating: "A", count: 5_000),
    ])
  func `what is no invitation is refused with a reason and without repeating it`(text: String) {
    let problem = #expect(throws: Problem.self) { _ = try Invitation(text: text) }
    #expect(problem?.code == .invalid)
    #expect(problem?.faults.first?.at == "/invitation")
  }

  @Test func `the secret is in no description`() throws {
    var random = SeededRandom(seed: 3)
    let invitation = try make(&random)
    let secret = Hex.string(invitation.secret)
    var dumped = ""
    dump(invitation, to: &dumped)
    for shown in ["\(invitation)", String(reflecting: invitation), dumped] {
      #expect(!shown.contains(secret))
      #expect(!shown.contains("\(invitation.secret)"))
    }
  }

  @Test(
    arguments: [
      ("city:7401", true), ("[::1]:80", true), ("::1:80", false), ("city", false),
      ("city:0", false), ("city:65536", false), (":80", false), ("a b:80", false),
      ("city/../x:80", false), ("city\r\nx:80", false),
    ])
  func `addresses are host and port`(text: String, isValid: Bool) {
    #expect((LinkAddress(text) != nil) == isValid)
    if let address = LinkAddress(text) { #expect(LinkAddress(address.description) == address) }
  }
}
