import Foundation
import Hummingbird
import HummingbirdCore
import Low
@_exported import Low
import Mid
public import Mid
import NIOCore
import Testing

@preconcurrency internal import struct Mid.Thing

@testable import Mid
