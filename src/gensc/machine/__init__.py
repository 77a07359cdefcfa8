"""What the operating system is asked for: workers, files, memory, caches, progress."""
