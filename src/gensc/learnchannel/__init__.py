"""Learning a channel from pairs of what was sent and what arrived, and judging what was learned."""
