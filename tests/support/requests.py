"""Arbitrary requests: every place of one that a backend would see, filled with texts of a test's choice."""

from typing import Any

from hypothesis import strategies as st

from gateway.types import ContentPart, Message, Request, ToolCall


def requests(texts: st.SearchStrategy[str], arguments: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[Any]:
    """Return requests made of `texts`, their tool calls with `arguments` (or texts as well)."""
    values = _json(texts)
    objects = st.dictionaries(texts, values, max_size=2)
    text_parts = st.builds(lambda text: ContentPart(type="text", body={"type": "text", "text": text}), texts)
    odd_parts = st.builds(lambda body: ContentPart(type="text", body={"text": "a", **body}), objects)
    calls = st.builds(ToolCall, id=texts, name=texts, arguments=texts if arguments is None else arguments)
    messages = st.builds(
        Message,
        role=st.sampled_from(["user", "assistant", "system"]),
        content=st.none() | texts | st.lists(text_parts | odd_parts | unread_parts(texts), max_size=2).map(tuple),
        name=st.none() | texts,
        tool_calls=st.lists(calls, max_size=2).map(tuple),
        tool_call_id=st.none() | texts,
    )
    return st.builds(
        Request,
        messages=st.lists(messages, max_size=3).map(tuple),
        tools=st.lists(objects, max_size=2).map(tuple),
        tool_choice=st.none() | texts | objects,
        response_format=st.none() | objects,
        sampling=objects,
    )


def unread_parts(texts: st.SearchStrategy[str]) -> st.SearchStrategy[ContentPart]:
    """Return parts that nobody can read."""
    types = st.sampled_from(["file", "image_url", "hologram"])
    return st.builds(lambda kind, body: ContentPart(type=kind, body=body), types, _json(texts).map(lambda x: {"x": x}))


def _json(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    numbers = st.integers() | st.integers(min_value=10**30) | st.floats(allow_nan=False)
    leaves = texts | numbers | st.booleans() | st.none()
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
        max_leaves=4,
    )
