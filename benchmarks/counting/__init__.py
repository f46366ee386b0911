"""What a call takes that can be counted exactly, under valgrind: instructions, and bytes of memory."""
