"""Learning over several QPU nodes: what a node is, the processes that stand for nodes, and who sums what they give."""
