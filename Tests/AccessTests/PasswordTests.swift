import CityCore
import Testing

@testable import Access

@Suite struct PasswordTests {
  // RFC 7914, 12. The vector with an empty password is left out: none is ever hashed.
  @Test(arguments: [
    (
      "password", "NaCl", 10, 8, 16,
      "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
        + "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"
    ),
    (
      "pleaseletmein", "SodiumChloride", 14, 8, 1,
      "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
        + "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"
    ),
  ])
  func `scrypt gives the values of RFC 7914`(
    _ password: String, _ salt: String, _ cost: Int, _ block: Int, _ parallel: Int, _ key: String
  ) throws {
    let parameters = try #require(
      PasswordHash.Parameters(logCost: cost, blockSize: block, parallelism: parallel))
    let derived = PasswordHash.derive(
      Array(password.utf8), salt: Array(salt.utf8), parameters, count: 64)
    #expect(derived.map { Hex.string($0) } == key)
  }

  @Test func `a password is verified, and nothing else is`() throws {
    var random = SeededRandom(seed: 1)
    let hash = try PasswordHash("correct horse 电池", parameters: cheap, random: &random)
    #expect(hash.verify("correct horse 电池"))
    for wrong in ["", "correct horse", "Correct horse 电池", "correct horse 电池 "] {
      #expect(!hash.verify(wrong))
    }
    #expect(!hash.verify(String(repeating: "x", count: 10_000)))
  }

  @Test func `two hashes of one password differ`() throws {
    var random = SeededRandom(seed: 1)
    let one = try PasswordHash("correct horse", parameters: cheap, random: &random)
    let two = try PasswordHash("correct horse", parameters: cheap, random: &random)
    #expect(one != two)
  }

  @Test func `the stored form keeps the parameters and comes back`() throws {
    var random = SeededRandom(seed: 1)
    let hash = try PasswordHash("correct horse", parameters: cheap, random: &random)
    #expect(hash.description.hasPrefix("$scrypt$ln=4,r=1,p=2$"))
    #expect(PasswordHash(hash.description) == hash)
    #expect(try travelled(hash) == hash)
  }

  @Test func `hashes of other parameters ask to be made anew`() throws {
    var random = SeededRandom(seed: 1)
    let hash = try PasswordHash("correct horse", parameters: cheap, random: &random)
    #expect(hash.needsRehash())
    #expect(!hash.needsRehash(cheap))
  }

  @Test(arguments: [
    "", "scrypt", "$scrypt$ln=4,r=1,p=1$00$00", "$bcrypt$ln=4,r=1,p=1$",
    "$scrypt$ln=40,r=8,p=1$" + String(repeating: "00", count: 16) + "$"
      + String(repeating: "00", count: 32),
    "$scrypt$r=8,ln=4,p=1$" + String(repeating: "00", count: 16) + "$"
      + String(repeating: "00", count: 32),
    "$scrypt$ln=4,r=99999999,p=1$" + String(repeating: "00", count: 16) + "$"
      + String(repeating: "00", count: 32),
  ])
  func `a stored form that is none, or would exhaust the machine, is refused`(_ text: String) {
    #expect(PasswordHash(text) == nil)
  }

  @Test func `mangled stored forms never trap`() throws {
    var random = SeededRandom(seed: 9)
    let good = Array(
      try PasswordHash("correct horse", parameters: cheap, random: &random).description.utf8)
    for _ in 0..<5_000 {
      var bytes = good
      for _ in 0...random.below(3) {
        bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next())
      }
      _ = PasswordHash(String(decoding: bytes.prefix(random.below(bytes.count + 1)), as: UTF8.self))
    }
  }

  @Test func `the standard costs as much as OWASP asks, in 32 MiB`() {
    let standard = PasswordHash.Parameters.standard
    #expect(standard.memory == 32 << 20)
    #expect((standard.logCost, standard.blockSize, standard.parallelism) == (15, 8, 3))
  }

  @Test func `an empty or endless password is not hashed`() {
    var random = SeededRandom(seed: 1)
    #expect(throws: Problem.self) {
      try PasswordHash("", parameters: cheap, random: &random)
    }
    #expect(throws: Problem.self) {
      try PasswordHash(
        String(repeating: "x", count: 257), parameters: cheap, random: &random)
    }
  }

  // MARK: - Rules for new ones

  @Test(arguments: [
    "correct horse battery", "西湖的雨下得真大呀哈哈", "k7#mmx-92vQp", "Tr0ub4dor&3 again",
  ])
  func `good passwords`(_ password: String) throws {
    try PasswordRules.check(password, login: "wang.fang")
  }

  @Test(arguments: [
    "short", "1234567890", "0987654321", "qwertyuiop", "aaaaaaaaaaaa", "ababababab",
    "password123!", "Password2026", "citybeacon2026", "wang.fang-1234", "WANG.FANG99!",
    "passwordpassword", "line\nbreaks here",
  ])
  func `bad passwords`(_ password: String) throws {
    let problem = try problem { try PasswordRules.check(password, login: "wang.fang") }
    #expect(problem.code == .invalid)
    #expect(problem.faults.allSatisfy { $0.at == "/password" })
    #expect(!problem.description.contains(password))
  }

  @Test func `a one-time password is long enough, passes the rules and never repeats`() throws {
    var random = SeededRandom(seed: 4)
    var seen: Set<String> = []
    for _ in 0..<1_000 {
      let password = OneTimePassword.make(random: &random)
      #expect(password.count == 19)
      try PasswordRules.check(password, login: "wang")
      #expect(seen.insert(password).inserted)
    }
  }
}
