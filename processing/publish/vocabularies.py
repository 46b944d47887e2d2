"""The IVOA vocabularies DaCHS looks up, put where it keeps downloaded ones, so that it never has to download.

DaCHS caches a vocabulary in its "desise" JSON form (Vocabularies in the VO 2.0, section 3.2.1) in a file named
after the vocabulary's address in the manner of quoted-printable.
"""

import json

import yaml

from processing.errors import SurveyError
from processing.publish.site import ETC

ROOT = "http://www.ivoa.net/rdf/"
TERMS = ETC / "vocabularies" / "terms.yaml"


def cache_name(name):
    """Name of the file in which DaCHS caches the vocabulary ``name``."""
    return (ROOT + name).replace("/", "=2F")


def desise_files(path=TERMS):
    """All vocabularies of the YAML file: {name of the cache file: JSON text}."""
    return {cache_name(name): json.dumps(desise(name, entry["flavour"], entry["terms"]), indent=1)
            for name, entry in yaml.safe_load(path.read_text()).items()}


def desise(name, flavour, labels):
    """One vocabulary as desise: {"uri", "flavour", "terms": {term: {"label", "description", "wider", "narrower"}}}.

    ``labels`` maps "term" or "term < wider term" to a label. SurveyError when a wider term is not a term.
    """
    wider = dict(_split(key) for key in labels)
    for term, parent in wider.items():
        if parent and parent not in wider:
            raise SurveyError(f"vocabulary {name}: {term} is placed under {parent}, which is not a term of it")
    terms = {
        term: {"label": label, "description": label, "wider": _ancestors(term, wider, flavour),
               "narrower": [other for other in wider if term in _ancestors(other, wider, flavour)]}
        for term, label in zip(wider, labels.values(), strict=True)
    }
    return {"uri": ROOT + name, "flavour": flavour, "terms": terms}


def _split(key):
    term, _, parent = (word.strip() for word in key.partition("<"))
    return term, parent or None


def _ancestors(term, wider, flavour):
    """The terms above one: all of them, but in SKOS, whose relation is not transitive, only the next."""
    found = []
    while wider[term]:
        term = wider[term]
        found.append(term)
        if flavour == "SKOS":
            break
    return found
