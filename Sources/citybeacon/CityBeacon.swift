import ArgumentParser
import Subprocess

@main
struct CityBeacon: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "citybeacon")
}
