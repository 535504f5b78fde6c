"""Where a policy lets more leave than its reader may think: allowed, but said. Pure."""

from gateway.policy.models import Policy
from gateway.policy.report import Report
from gateway.policy.tags import UNREAD, meaning


def check_laxness(policy: Policy, warnings: Report) -> None:
    """Warn of built-in tags that ask for less here than by themselves, and of a policy without detectors."""
    for name, tag in policy.tags.items():
        built_in = meaning(name, {})
        if built_in is not None and tag.level < built_in.level:
            what = f"{tag.level} is laxer than the built-in tag, {built_in.level}; raise it, unless you mean that"
            warnings.add(("tags", name), what)
        elif name == UNREAD and "level" in tag.model_fields_set:
            what = "what nobody can read is no longer closed to backends that refuse something; remove it, unless meant"
            warnings.add(("tags", name), what)
    if not policy.detectors:
        warnings.add_key(("detectors",), "nobody looks for private content; remove it, and the usual detectors do")
