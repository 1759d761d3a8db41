"""What is made of the description of the C ABI: one module for each reader.

Each has files(description), which gives the texts of its files by their paths from the root.
"""
