"""What another policy would have made of what was: stored candidates judged again, and questions that nothing is behind yet.

It reads and counts; it decides nothing, changes nothing and records nothing. What operators made of it lies downstream.
"""
