@main struct Simulator { static func main() { print("simulator") } }
