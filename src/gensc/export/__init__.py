"""Data sets written out for others: features under noise, rendered pictures, an overview of a source."""
