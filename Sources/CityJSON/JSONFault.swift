/// Why a JSON text or a value could not be read or written.
public struct JSONFault: Error, Sendable, Equatable {
  /// Where in the document, as a JSON Pointer (RFC 6901); empty for the whole document and for
  /// faults of the syntax, which ``offset`` places.
  public let pointer: String
  /// What is wrong there, in words for a person.
  public let reason: String
  /// The faulty byte, counted from 0; nil when the text was well-formed or is not at hand.
  public let offset: Int?

  /// A fault at a pointer, at a byte, or of the whole.
  public init(pointer: String = "", reason: String, offset: Int? = nil) {
    self.pointer = pointer
    self.reason = reason
    self.offset = offset
  }

  /// The same fault seen from one level further out.
  func inside(key: String) -> JSONFault {
    JSONFault(pointer: JSONPointer.step(key) + pointer, reason: reason, offset: offset)
  }

  /// The same fault seen from one level further out.
  func inside(index: Int) -> JSONFault {
    JSONFault(pointer: "/\(index)\(pointer)", reason: reason, offset: offset)
  }
}

extension JSONFault: CustomStringConvertible {
  /// One line: the pointer, the reason and the byte, as far as they are known.
  public var description: String {
    let place = pointer.isEmpty ? "" : "\(pointer): "
    let byte = offset.map { " (at byte \($0))" } ?? ""
    return place + reason + byte
  }
}
