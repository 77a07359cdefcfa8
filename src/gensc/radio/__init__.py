"""Software radio: recordings, GNU Radio and devices."""
