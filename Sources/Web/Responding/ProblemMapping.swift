public import CityCore
public import CityJSON
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1

/// The one place where an error becomes a problem, whoever threw it.
public enum ProblemMapping {
  /// The problem that an error is to a client. What nobody foresaw is `internal` and says nothing of
  /// itself; `isForeseen` is false then, and it belongs into the log.
  static func problem(for error: any Error) -> (problem: Problem, isForeseen: Bool) {
    switch error {
    case let problem as Problem: (problem, true)
    case let fault as JSONFault: (self.problem(for: fault), true)
    case is SlowBody: (Problem(.requestTimeout, "the body did not arrive in time"), true)
    case is HTTPParserError: (Problem(.malformed, "the body is not valid HTTP/1.1"), true)
    case is NIOTooManyBytesError: (Problem(.tooLarge, "the body is too large"), true)
    case let error as DecodingError: (self.problem(for: error), true)
    case let error as HTTPError: (self.problem(for: error), true)
    case is CancellationError:
      (Problem(.unavailable, "the node is shutting down", retryAfter: 5), true)
    default: (Problem(.internalFault, "see the log under the request id"), false)
    }
  }

  /// A body that could not be read as JSON, or not as what it should be.
  public static func problem(for fault: JSONFault) -> Problem {
    // Well-formed JSON of another shape has a place, but no faulty byte.
    fault.offset != nil
      ? Problem(.malformed, fault.description)
      : Problem(
        .invalid, "the body does not have the documented shape",
        faults: [.init(at: fault.pointer, reason: fault.reason)])
  }

  private static func problem(for error: DecodingError) -> Problem {
    let context: DecodingError.Context? =
      switch error {
      case .typeMismatch(_, let context), .valueNotFound(_, let context),
        .keyNotFound(_, let context), .dataCorrupted(let context):
        context
      @unknown default: nil
      }
    var path = context?.codingPath.map(\.stringValue) ?? []
    if case .keyNotFound(let key, _) = error { path.append(key.stringValue) }
    return Problem(
      .invalid, "the body does not have the documented shape",
      faults: [
        .init(
          at: path.map { "/" + $0 }.joined(), reason: context?.debugDescription ?? "unreadable")
      ])
  }

  private static func problem(for error: HTTPError) -> Problem {
    let code: Problem.Code =
      switch error.status.code {
      case 401: .unauthenticated
      case 403: .forbidden
      case 404: .notFound
      case 405: .methodNotAllowed
      case 406: .notAcceptable
      case 409: .conflict
      case 413: .tooLarge
      case 415: .unsupportedMedia
      case 422: .invalid
      case 429: .tooMany
      case 431: .headersTooLarge
      case 503: .unavailable
      case 400..<500: .malformed
      default: .internalFault
      }
    return Problem(code, error.body ?? code.title)
  }
}
