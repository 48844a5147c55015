import CityCore
import Crypto
import Foundation
import SwiftASN1
import Testing
import X509

@testable import LinkCarrier

@Suite struct `Certificates of nodes` {
  let federation: Federation
  init() throws { federation = try Federation() }

  private func leaf(_ chain: String) throws -> Certificate {
    try Certificate(pemDocument: try PEMDocument.parseMultiple(pemString: chain)[0])
  }

  @Test func `an authority opens again with its master key and keeps its fingerprint`() throws {
    let again = try NodeCertificateAuthority.load(
      masterKey: federation.masterKey, at: federation.folder + "/authority")
    #expect(again.fingerprint == federation.authority.fingerprint)
    #expect(again.node == federation.parent)
    #expect(again.certificatePEM == federation.authority.certificatePEM)
  }

  @Test func `the file of an authority shows nothing and is its owner's alone`() throws {
    let path = federation.folder + "/authority"
    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(bytes.range(of: Data("PRIVATE KEY".utf8)) == nil)
    #expect(bytes.range(of: Data("CERTIFICATE".utf8)) == nil)
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    #expect(mode == 0o600)
  }

  @Test func `a file that others may read is refused`() throws {
    let path = federation.folder + "/authority"
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
    let problem = #expect(throws: Problem.self) {
      _ = try NodeCertificateAuthority.load(masterKey: federation.masterKey, at: path)
    }
    #expect(problem?.code == .configuration)
  }

  @Test func `another master key or one changed byte does not open it`() throws {
    let path = federation.folder + "/authority"
    var random = SystemRandom()
    let other = random.bytes(32)
    let wrong = #expect(throws: Problem.self) {
      _ = try NodeCertificateAuthority.load(masterKey: other, at: path)
    }
    #expect(wrong?.code == .corrupted)
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    let changed = #expect(throws: Problem.self) {
      _ = try NodeCertificateAuthority.load(masterKey: federation.masterKey, at: path)
    }
    #expect(changed?.code == .corrupted)
  }

  @Test func `a short master key is refused`() {
    let problem = #expect(throws: Problem.self) {
      _ = try NodeCertificateAuthority.create(
        node: federation.parent, now: federation.now, masterKey: [1, 2, 3],
        at: federation.folder + "/other")
    }
    #expect(problem?.code == .configuration)
  }

  @Test func `names and rights that a request asks for are ignored`() throws {
    let key = P256.Signing.PrivateKey()
    let wishes = try Certificate.Extensions {
      Critical(BasicConstraints.isCertificateAuthority(maxPathLength: nil))
      SubjectAlternativeNames([
        .uniformResourceIdentifier("citybeacon://node/province-1"), .dnsName("example.org"),
      ])
    }
    let csr = try CertificateSigningRequest(
      version: .v1, subject: try DistinguishedName { CommonName("province-1") },
      privateKey: .init(key), attributes: .init([.init(ExtensionRequest(extensions: wishes))]),
      signatureAlgorithm: .ecdsaWithSHA256)
    let serial = newSerial()
    let issued = try federation.authority.issue(
      csr: try csr.serializeAsPEM().pemString, node: federation.child, now: federation.now,
      serial: serial)
    let leaf = try leaf(issued.chainPEM)
    #expect(leaf.subject == (try DistinguishedName { CommonName("street-1") }))
    let names = try leaf.extensions.subjectAlternativeNames
    #expect(names.map(Array.init) == [.uniformResourceIdentifier("citybeacon://node/street-1")])
    #expect(try leaf.extensions.basicConstraints == .notCertificateAuthority)
    let usage = try #require(try leaf.extensions.extendedKeyUsage)
    #expect(usage.contains(.clientAuth) && !usage.contains(.serverAuth))
    #expect(issued.identity.node == federation.child)
    #expect(issued.identity.serial == serial)
    #expect(issued.identity.caFingerprint == federation.authority.fingerprint)
    #expect(issued.identity.notAfter == federation.now + .days(90))
  }

  @Test func `only a P-256 key that its holder proves is certified`() throws {
    let key = P384.Signing.PrivateKey()
    let foreign = try CertificateSigningRequest(
      version: .v1, subject: try DistinguishedName { CommonName("x") }, privateKey: .init(key),
      attributes: .init(), signatureAlgorithm: .ecdsaWithSHA384)
    let wrongKey = #expect(throws: Problem.self) {
      _ = try federation.authority.issue(
        csr: try foreign.serializeAsPEM().pemString, node: federation.child, now: federation.now,
        serial: newSerial())
    }
    #expect(wrongKey?.code == .invalid)

    let mine = P256.Signing.PrivateKey()
    let theirs = P256.Signing.PrivateKey()
    let subject = try DistinguishedName { CommonName("x") }
    let honest = try CertificateSigningRequest(
      version: .v1, subject: subject, privateKey: .init(mine), attributes: .init(),
      signatureAlgorithm: .ecdsaWithSHA256)
    let stolen = try CertificateSigningRequest(
      version: .v1, subject: subject, publicKey: .init(theirs.publicKey), attributes: .init(),
      signatureAlgorithm: .ecdsaWithSHA256, signature: honest.signature)
    let unproven = #expect(throws: Problem.self) {
      _ = try federation.authority.issue(
        csr: try stolen.serializeAsPEM().pemString, node: federation.child, now: federation.now,
        serial: newSerial())
    }
    #expect(unproven?.code == .invalid)
  }

  @Test(arguments: [
    "", "hello", "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----",
  ])
  func `what is no request is malformed`(csr: String) {
    let problem = #expect(throws: Problem.self) {
      _ = try federation.authority.issue(
        csr: csr, node: federation.child, now: federation.now, serial: newSerial())
    }
    #expect(problem?.code == .malformed)
  }

  @Test func `an identity and a request open again`() throws {
    let request = try CertificateRequest()
    try request.save(to: federation.folder + "/request", masterKey: federation.masterKey)
    let again = try CertificateRequest.load(
      from: federation.folder + "/request", masterKey: federation.masterKey)
    let issued = try federation.authority.issue(
      csr: again.csrPEM, node: federation.child, now: federation.now, serial: newSerial())
    let identity = try NodeIdentity(request: request, chainPEM: issued.chainPEM)
    try identity.save(to: federation.folder + "/identity", masterKey: federation.masterKey)
    let loaded = try NodeIdentity.load(
      from: federation.folder + "/identity", masterKey: federation.masterKey)
    #expect(loaded.certificate == identity.certificate)
    #expect(loaded.issued == federation.now)
  }

  @Test func `a certificate is due for renewal after sixty days`() throws {
    let identity = try federation.identity()
    #expect(!identity.isDueForRenewal(now: federation.now + .days(60) - .seconds(1)))
    #expect(identity.isDueForRenewal(now: federation.now + .days(60)))
  }

  @Test func `a chain for another key or of another authority is refused`() throws {
    let issued = try federation.authority.issue(
      csr: try CertificateRequest().csrPEM, node: federation.child, now: federation.now,
      serial: newSerial())
    #expect(throws: Problem.self) {
      _ = try NodeIdentity(request: try CertificateRequest(), chainPEM: issued.chainPEM)
    }
    let other = try Federation()
    let request = try CertificateRequest()
    let mixed = try federation.authority.issue(
      csr: request.csrPEM, node: federation.child, now: federation.now, serial: newSerial())
    let leafOnly = try leaf(mixed.chainPEM).serializeAsPEM().pemString + "\n"
    #expect(throws: Problem.self) {
      _ = try NodeIdentity(
        request: request, chainPEM: leafOnly + other.authority.certificatePEM)
    }
  }

  @Test func `an expired authority issues nothing`() throws {
    let problem = #expect(throws: Problem.self) {
      _ = try federation.authority.issue(
        csr: try CertificateRequest().csrPEM, node: federation.child,
        now: federation.now + .days(3_651), serial: newSerial())
    }
    #expect(problem?.code == .refused)
  }

  @Test func `serial numbers are positive, without leading zeros, and read back`() {
    var random = SeededRandom(seed: 7)
    for _ in 0..<200 {
      let serial = CertificateSerial(random: &random)
      #expect(CertificateSerial(rawValue: serial.rawValue) == serial)
      #expect(serial.bytes.count == 16 && serial.bytes[0] & 0x80 == 0 && serial.bytes[0] != 0)
      #expect(CertificateSerial(bytes: [0, 0] + serial.bytes) == serial)
    }
    #expect(CertificateSerial(rawValue: "") == nil)
    #expect(CertificateSerial(rawValue: "00") == nil)
    #expect(CertificateSerial(rawValue: "xyz") == nil)
    #expect(CertificateSerial(rawValue: String(repeating: "11", count: 21)) == nil)
  }
}
