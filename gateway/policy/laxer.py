"""Where a policy means something else than its reader may think, as to what may leave: allowed, but said. Pure."""

from gateway.policy.models import Policy
from gateway.policy.place import is_local, is_public
from gateway.policy.report import Report
from gateway.policy.tags import UNREAD, meaning


def check_laxness(policy: Policy, warnings: Report) -> None:
    """Warn of built-in tags that ask for less here than by themselves, and of words for a place that may be no such.

    And of a policy without detectors.
    """
    for name, tag in policy.tags.items():
        built_in = meaning(name, {})
        if built_in is not None and tag.level < built_in.level:
            what = f"{tag.level} is laxer than the built-in tag, {built_in.level}; raise it, unless you mean that"
            warnings.add(("tags", name), what)
        elif name == UNREAD and "level" in tag.model_fields_set:
            what = "what nobody can read is no longer closed to backends that refuse something; remove it, unless meant"
            warnings.add(("tags", name), what)
    _check_regions(policy, warnings)
    _check_addresses(policy, warnings)
    if not policy.detectors:
        warnings.add_key(("detectors",), "nobody looks for private content; remove it, and the usual detectors do")


def _check_regions(policy: Policy, warnings: Report) -> None:
    """Warn of tags that are bound to where no backend is; local backends may see them all the same."""
    there = {backend.region for backend in policy.backends.values()} - {None}
    for name, tag in policy.tags.items():
        # Where nothing is said of places, a tag may well keep all at home.
        if there and tag.region is not None and tag.region not in there:
            path = ("tags", name, "region")
            what = f"no backend has the region {warnings.shown(path, tag.region)}: local ones alone may see it"
            warnings.add(path, f"{what}; name it at a backend, or correct it")


def _check_addresses(policy: Policy, warnings: Report) -> None:
    """Warn of servers that are said to be ours, and stand at an address that anybody may have."""
    for name, backend in policy.backends.items():
        for index, url in enumerate(backend.urls if is_local(backend) and not backend.addresses else ()):
            if is_public(url):
                what = "a public address of a backend that is said to be local; write a private one, or addresses"
                warnings.add(("backends", name, "urls", index), what)
