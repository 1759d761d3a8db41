"""What several generators share."""

HEAD = "Made of the headers in include/kosmonaut by scripts/generate; do not edit."
