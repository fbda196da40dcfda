"""What the filter passes and what it holds back: the funnel, what false alarms come from, and what would have stopped them.

Figures only; what they count is opened by links to where it is shown. Reduction is never printed without recall.
"""
