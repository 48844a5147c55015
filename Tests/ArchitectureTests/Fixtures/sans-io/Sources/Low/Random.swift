var generator = SystemRandomNumberGenerator()
