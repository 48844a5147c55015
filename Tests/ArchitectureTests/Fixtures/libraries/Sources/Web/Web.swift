import CZip
import GRDB
import NIOCore
