import CityCore
import CityJSON
import Foundation
import NIOCore

@testable import LinkCarrier
@testable import Outbound

extension FuzzTarget {
  /// What a joining child and an answering parent send, and the certificates in it.
  static let joining = FuzzTarget("joining", longest: 8_192) { bytes in
    let (which, body) = bytes.choice
    switch which % 5 {
    case 0:
      if let join = try taken({ try JoinMessages.readJoin(body) }) {
        try require(NameRule.isValid(join.key), "a key of \(join.key)")
        try require((try? JSON.parse(join.node)) != nil, "a description that is no JSON")
        _ = try taken { try CertificateRequest.publicKey(of: join.csrPEM) }
      }
    case 1: _ = try taken { try JoinMessages.readGrant(body) }
    case 2: _ = try taken { try JoinMessages.readRenew(body) }
    case 3: _ = try taken { try CertificateRequest.publicKey(of: body.text) }
    default:
      // The PEM around it would keep most mutations out.
      let base64 = Data(body).base64EncodedString(options: [.lineLength64Characters])
      for name in ["CERTIFICATE REQUEST", "CERTIFICATE"] {
        let pem = "-----BEGIN \(name)-----\n\(base64)\n-----END \(name)-----\n"
        _ = try taken { try CertificateRequest.publicKey(of: pem) }
        _ = try taken { try NodeIdentity(request: Self.request.get(), chainPEM: pem + pem) }
      }
    }
  }

  private static let request = Result { try CertificateRequest() }

  /// The bodies with which others refuse: text of theirs is cut before anybody reads it.
  static let problems = FuzzTarget("problems") { bytes in
    let (which, body) = bytes.choice
    let problem = ProblemBody.problem(status: 400 + Int(which), body: body)
    try require(problem.detail.utf8.count <= 500, "a detail of \(problem.detail.utf8.count) bytes")
    let again = ProblemBody.problem(
      status: problem.code.status, body: ProblemBody.bytes(problem))
    try require(again.code == problem.code, "\(problem.code.name) reads as \(again.code.name)")
  }

  /// The answers of a mail server, from its greeting on, cut anywhere.
  static let mail = FuzzTarget("mail", longest: 8_192) { bytes in
    let (which, rest) = bytes.choice
    let address = try MailAddress("duty@example.org")
    let settings = try SMTPSettings(
      host: "mail.example.org", port: 25, security: .startTLS, username: "user",
      password: "secret", sender: address, name: "node.example.org")
    var session = SMTPSession(
      settings: settings, recipients: [address, address], mail: Array("m".utf8))
    var reader = SMTPReplyReader()
    let step = 1 + Int(which)
    var at = 0
    var isPlain = true
    do {
      while at < rest.count {
        let end = min(rest.count, at + step)
        reader.append(rest[at..<end])
        at = end
        while let reply = try reader.next() {
          for action in try session.handle(reply) {
            switch action {
            case .send(let line):
              let said = line.text
              try require(
                !isPlain || !said.hasPrefix("AUTH"), "a password in plain")
            case .startTLS:
              isPlain = false
              _ = session.encrypted()
            case .close: return
            case .accepted: break
            }
          }
        }
      }
    } catch is DeliveryFailure {}
  }
}
