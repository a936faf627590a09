"""What is true of jobs, keys, cursors, ranges and signatures whoever asks; nothing here does I/O."""
