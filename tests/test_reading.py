"""The parts that read a request, as a policy names them."""

from support.policies import mock, policy

from gateway.reading import open_reader
from gateway.wire.openai import parse_request


async def test_two_detectors_of_one_kind_both_read() -> None:
    """The second does not take the place of the first."""
    twice = [{"kind": "patterns", "without": ["EMAIL_ADDRESS"]}, {"kind": "patterns"}]

    async with open_reader(policy({"a": mock()}, detectors=twice)) as reader:
        assessment = await reader.assess(parse_request("write to someone@example.com"))

    assert list(reader.detectors) == ["patterns", "patterns 2"]
    assert [finding.type for finding in assessment.findings] == ["EMAIL_ADDRESS"]
