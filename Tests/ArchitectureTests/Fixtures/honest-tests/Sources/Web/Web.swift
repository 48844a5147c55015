struct Web {}
