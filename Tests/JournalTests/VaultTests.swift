import CityCore
import CityTestKit
import Journal
import Testing

struct VaultTests {
  private let phone = "13800138000"

  private func vault(_ byte: UInt8 = 1) throws -> Vault {
    try Vault(masterKey: [UInt8](repeating: byte, count: 32))
  }

  private func subject(_ name: String = "reporter") throws -> PrincipalID {
    try #require(PrincipalID(rawValue: name))
  }

  /// A case whose reporter's phone number is sealed.
  private func filed() throws -> (bench: Bench, reference: SealedRef) {
    var bench = try Bench()
    var random = SeededRandom(seed: 5)
    let reference = try vault().seal(
      phone, field: "reporter.phone", subject: subject(), thing: thing("a"), random: &random,
      store: bench.store)
    try bench.commit([bench.draft("incident.filed", thing("a"), sealed: [reference])])
    return (bench, reference)
  }

  @Test func `a sealed value is opened with its salt`() throws {
    let (bench, reference) = try filed()
    let opened = try #require(try vault().open(reference, store: bench.store))
    #expect(opened.value == phone)
    #expect(Vault.mac(phone, salt: opened.salt) == reference.mac)
  }

  @Test func `nothing that is hashed or stored shows the value`() throws {
    let (bench, reference) = try filed()
    let event = try #require(try bench.chain().first)
    let row = try #require(try bench.store.vault(reference.ref))
    for bytes in [event.headerBytes, event.body, event.sealed, row.ciphertext] {
      #expect(!String(decoding: bytes, as: UTF8.self).contains(phone))
    }
  }

  @Test func `an erased value is gone and the chain still verifies`() throws {
    let (bench, reference) = try filed()
    #expect(try bench.store.eraseSubject(subject()) == [thing("a")])
    #expect(try vault().open(reference, store: bench.store) == nil)
    #expect(try bench.store.vault(reference.ref) == nil)
    #expect(try bench.chain().filter { !$0.isIntact } == [])
  }

  @Test func `another master key opens nothing`() throws {
    let (bench, reference) = try filed()
    #expect(code { _ = try vault(2).open(reference, store: bench.store) } == .corrupted)
  }

  @Test func `a row that was tampered with or exchanged is not opened`() throws {
    let (bench, reference) = try filed()
    var random = SeededRandom(seed: 6)
    let other = try vault().seal(
      "another", field: "reporter.phone", subject: subject(), thing: thing("b"), random: &random,
      store: bench.store)
    let row = try #require(try bench.store.vault(reference.ref))
    let otherRow = try #require(try bench.store.vault(other.ref))
    var tampered = row
    tampered.ciphertext[row.ciphertext.count - 1] ^= 1
    var exchanged = row
    exchanged.ciphertext = otherRow.ciphertext
    exchanged.salt = otherRow.salt
    for bad in [tampered, exchanged] {
      try bench.store.putVault(bad)
      #expect(code { _ = try vault().open(reference, store: bench.store) } == .corrupted)
    }
  }

  @Test func `another node adopts a value only if it matches the commitment`() throws {
    let (bench, reference) = try filed()
    let city = try Bench("city")
    let salt = try #require(try vault().open(reference, store: bench.store)).salt
    var random = SeededRandom(seed: 7)
    #expect(
      code {
        try vault(3).adopt(
          "13900139000", salt: salt, reference: reference, thing: thing("a"), random: &random,
          store: city.store)
      } == .corrupted)
    try vault(3).adopt(
      phone, salt: salt, reference: reference, thing: thing("a"), random: &random,
      store: city.store)
    #expect(try vault(3).open(reference, store: city.store)?.value == phone)
  }

  @Test func `a master key has 32 bytes`() {
    for count in [0, 16, 31, 33] {
      #expect(
        code { _ = try Vault(masterKey: [UInt8](repeating: 0, count: count)) } == .configuration)
    }
  }
}
