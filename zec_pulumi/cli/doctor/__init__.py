"""``zec-pulumi doctor``: everything an ``up`` stands on, looked at before it has to hold.

One module per thing that is looked at; each returns findings and raises nothing for what it finds. Nothing is changed,
neither in the cloud nor on this machine.
"""
