"""The record: every event that was kept, to be searched by those who may, and by an operator for what they did themselves."""
