"""The limits in TAP's capabilities (TAPRegExt) that DaCHS leaves out: the longest times, and synchronous uploads."""

from processing.answer.limits import limits


def use_in_server():
    from gavo.registry import capabilities

    make = capabilities.TAPCapabilityMaker._makeCapability
    capabilities.TAPCapabilityMaker._makeCapability = lambda maker, publication: completed(make(maker, publication))


def completed(capability):
    """DaCHS's element of the capability, with a ``hard`` limit for each time and a ``default`` one for uploads."""
    from gavo.registry.model import TR

    time, upload = limits().time, limits().bytes.sync_upload
    hard = {"retentionPeriod": time.job_kept_longest, "executionDuration": time.job_longest}
    for part in capability.iterChildren():
        name = getattr(part, "name_", None)
        if name in hard:
            part[TR.hard[str(hard[name])]]
        elif name == "uploadLimit":
            longest = list(part.iterChildren())
            part._children = []
            part[TR.default(unit="byte")[str(upload)], longest]
    return capability
