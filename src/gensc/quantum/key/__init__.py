"""Keys: continuous-variable distribution, stores, ciphers."""
