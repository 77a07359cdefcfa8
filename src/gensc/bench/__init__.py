"""Side-by-side measurements of gensc and its peers, as commands: gensc bench NAME."""
