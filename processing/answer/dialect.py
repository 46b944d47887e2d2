"""ADQL as users of other archives write it: IRSA's queries on the 2MASS catalog name the frame of their positions J2000.

DaCHS knows the word, but not how to get from there to ICRS, the frame of all positions here: not at all, as with FK5.
And it takes the empty way between two such frames for a way, on which the index of positions is of no use.
``use_in_dachs`` is called in every process of the server (launch.py).
"""


def use_in_dachs():
    from gavo.stc import tapstc

    tapstc.TRANSFORMS.setdefault("J2000", tapstc.TRANSFORMS["FK5"])
    tapstc.TRANSFORMS.setdefault("B1950", tapstc.TRANSFORMS["FK4"])
    way = tapstc.getPGSphereTrafo
    tapstc.getPGSphereTrafo = lambda here, there: way(here, there) or None
