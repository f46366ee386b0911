"""Values from outside that every implementation must reproduce, and the script that made them."""
