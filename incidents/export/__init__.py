"""An incident taken out of here: its evidence, facts and places in the record in one signed package.

`facts` says what is told to whom, `package` writes the archive as it is read, `checking` verifies one and needs nothing else.
"""
