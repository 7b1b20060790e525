"""What a network is: dimensions, interned expression nodes, records of operations, graphs. Imports nothing of ours."""
