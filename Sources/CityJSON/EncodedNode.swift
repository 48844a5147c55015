/// What an `Encodable` has said of itself so far. A tree and not bytes, because `Codable` allows
/// containers to be filled in any order.
enum EncodedNode {
  case leaf(JSONValue)
  case array(ArrayBox)
  case object(ObjectBox)
  /// Filled later through `superEncoder`.
  case pending(ValueEncoder)

  final class ArrayBox {
    var elements: [EncodedNode] = []
  }

  final class ObjectBox {
    var members = OrderedMembers<EncodedNode>()
  }

  /// What stands for a value that encodes nothing.
  static var empty: EncodedNode { .leaf(.object(JSONObject())) }

  /// Appends the text.
  func write(to writer: inout JSONWriter) throws(JSONFault) {
    switch self {
    case .leaf(let value): try writer.value(value)
    case .pending(let encoder): try encoder.finished.write(to: &writer)
    case .array(let box):
      writer.beginArray()
      for index in box.elements.indices {
        do throws(JSONFault) {
          try box.elements[index].write(to: &writer)
        } catch {
          throw error.inside(index: index)
        }
      }
      writer.endArray()
    case .object(let box):
      writer.beginObject()
      for index in box.members.keys.indices {
        let key = box.members.keys[index]
        writer.key(key)
        do throws(JSONFault) {
          try box.members.values[index].write(to: &writer)
        } catch {
          throw error.inside(key: key)
        }
      }
      writer.endObject()
    }
  }

  /// The same as a value.
  var value: JSONValue {
    switch self {
    case .leaf(let value): return value
    case .pending(let encoder): return encoder.finished.value
    case .array(let box): return .array(box.elements.map(\.value))
    case .object(let box):
      var object = OrderedMembers<JSONValue>()
      object.reserveCapacity(box.members.count)
      for index in box.members.keys.indices {
        object.set(box.members.values[index].value, forKey: box.members.keys[index])
      }
      return .object(JSONObject(object))
    }
  }
}

// MARK: - Collections without an order

/// Sets and dictionaries encode themselves in an order that differs from process to process. Their
/// encoded form is sorted, so that equal values have equal bytes everywhere.
protocol UnorderedCollection {
  /// Elements that belong together: 2 for keys with values in one array.
  static var encodedStride: Int { get }
}

extension Set: UnorderedCollection {
  static var encodedStride: Int { 1 }
}

extension Dictionary: UnorderedCollection {
  static var encodedStride: Int { 2 }
}

extension EncodedNode {
  /// Whether its elements could stand in another order.
  var hasOrder: Bool {
    switch self {
    case .object(let box): box.members.count > 1
    case .array(let box): box.elements.count > 1
    case .leaf(.object(let object)): object.count > 1
    case .leaf(.array(let elements)): elements.count > 1
    case .leaf: false
    case .pending: true
    }
  }

  func sorted(stride: Int) throws(JSONFault) -> EncodedNode {
    switch self {
    case .object(let box):
      box.members.sort()
    case .array(let box) where box.elements.count.isMultiple(of: stride):
      var groups: [(text: [UInt8], elements: ArraySlice<EncodedNode>)] = []
      var at = 0
      while at < box.elements.count {
        var writer = JSONWriter()
        try box.elements[at].write(to: &writer)
        groups.append((writer.bytes, box.elements[at..<(at + stride)]))
        at += stride
      }
      groups.sort { $0.text.lexicographicallyPrecedes($1.text) }
      box.elements = groups.flatMap(\.elements)
    default: break
    }
    return self
  }
}
