import os
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.pace import Watch
from support.policy_kinds import checked, kinds_of, options_of, problems

from gateway.errors import PolicyError
from gateway.policy import load as load_module
from gateway.policy.environment import expand
from gateway.policy.load import CheckedPolicy, load_policy, packaged_default, parse_policy
from gateway.types import Level

BROKEN = sorted(Path(__file__).parent.joinpath("broken").glob("*.yaml"))
SECRET = "sk-do-not-show"
GOOD = """\
version: 1
entity: {name: Example GmbH, seat: DE, exposure: customers}
baseline: openai/gpt-6.1-sol
backends:
  llama:
    kind: vllm
    model: llama-3.1-8b-instruct
    urls: ["http://127.0.0.1:8000", "${SECOND:-http://127.0.0.1:8001}"]
    clearance: restricted
    licence: llama-3.1
    pool: a100s
    api_key: "${LLAMA_KEY:-none}"
  frontier: {kind: hosted, model: anthropic/claude-sonnet-5-5, clearance: internal, optional: yes}
pools:
  a100s: {gpus: 2, usd_per_gpu_hour: 1.37}
tags:
  works_council: restricted
  eu_only: {level: internal, region: eu}
detectors: [patterns, {kind: secrets}]
ledger: {kind: sqlite, path: books.sqlite3}
rules:
  - {name: regulated, when: {tags: [phi, works_council]}, use: llama}
  - name: tickets
    when: {task: classification, stakes: [low, normal]}
    use: [llama, frontier]
    accept: {judge: confidence, at_least: 0.9}
  - {name: hard, when: {difficulty: {at_least: 0.62}}, use: [frontier, llama]}
  - {name: default, use: [llama, frontier]}
tests:
  - {request: {text: "Patient Jane Doe", tags: [phi]}, expect: {first: llama, never: frontier}}
licences:
  attribution: {url: https://example.com/about}
  warn: {R-07: "attested in another file"}
"""
SMALL = """\
version: 1
backends:
  llama: {kind: llamacpp, model: m, clearance: restricted}
rules:
  - {name: default, use: llama}
"""


def with_backend(keys: str, **environ: str) -> CheckedPolicy:
    return checked(SMALL.replace("model: m", keys), **environ)


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_a_broken_policy_is_refused_with_every_place_and_remedy(file: Path) -> None:
    """What somebody got wrong is said with file, line, column, key and what to do, word for word."""
    expected = file.with_suffix(".txt").read_text().splitlines()

    found = problems(file.read_text(), name=file.name, SECRET=SECRET)

    assert list(found) == expected


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_no_problem_shows_a_value_of_the_environment(file: Path) -> None:
    """A key that is read from the environment does not end up in a terminal or a log."""
    assert SECRET not in "\n".join(problems(file.read_text(), name=file.name, SECRET=SECRET))


def test_a_policy_is_read_as_it_is_written() -> None:
    """The values of the text, of the environment's defaults and of the models come together."""
    policy = checked(GOOD).policy

    assert policy.backends["llama"].urls == ("http://127.0.0.1:8000", "http://127.0.0.1:8001")
    assert policy.backends["llama"].options == {"api_key": "none"}
    assert policy.backends["llama"].clearance == Level.RESTRICTED
    assert policy.backends["frontier"].optional is True
    assert policy.rules[1].accept[0].options == {"at_least": 0.9}
    assert policy.rules[0].use == ("llama",)


def test_all_problems_are_said_at_once_in_the_order_of_the_text() -> None:
    """One run is enough to mend a policy."""
    text = SMALL.replace("llamacpp", "lamacpp").replace("use: llama", "use: lama") + "deadline_s: soon\ntestz: []\n"

    found = problems(text)

    assert [problem.split(": ")[0] for problem in found] == ["p.yaml:3:17", "p.yaml:5:26", "p.yaml:6:13", "p.yaml:7:1"]


def test_faults_before_an_unreadable_place_are_said_with_it() -> None:
    """A duplicate key is not hidden by a bracket that is missing further down."""
    found = problems("version: 1\nversion: 1\nrules: [\n")

    assert [problem.split(": ")[0] for problem in found] == ["p.yaml:2:1", "p.yaml:4:1"]


def test_a_hundred_problems_are_enough() -> None:
    """A file that is something else altogether does not fill the screen."""
    found = problems("".join(f"key{number}: 1\n" for number in range(5000)))

    assert len(found) == 101
    assert found[-1] == "p.yaml: and 4,903 more; mend these first"


@pytest.mark.parametrize(
    ("backend", "more"),
    [
        ("{kind: openai_http, model: m, clearance: internal, url: u}", 201),
        ("{kind: mock, model: m, clearance: internal, timeout_s: soon}", 51),
    ],
)
def test_a_hundred_wrong_backends_are_enough(backend: str, more: int) -> None:
    """The limit holds wherever the faults are found."""
    backends = "".join(f"  b{number}: {backend}\n" for number in range(150))

    found = problems(f"version: 1\nbackends:\n{backends}rules: []\n")

    assert len(found) == 101
    assert found[-1] == f"p.yaml: and {more} more; mend these first"


def test_the_fingerprint_tells_texts_apart() -> None:
    """A remark makes another version, and the same text does not."""
    one, other = checked(GOOD).policy, checked(GOOD + "# a remark\n").policy

    assert len(one.fingerprint) == 12
    assert one.fingerprint != other.fingerprint
    assert one.fingerprint == checked(GOOD).policy.fingerprint


def test_the_fingerprint_tells_environments_apart() -> None:
    """Two policies that send requests to different places are two versions, though their text is the same."""
    prints = {
        checked(GOOD, **environ).policy.fingerprint
        for environ in (
            {},
            {"SECOND": "http://127.0.0.1:7"},
            {"LLAMA_KEY": "http://127.0.0.1:7"},
            {"LLAMA_KEY": "\udcff"},
        )
    }

    assert len(prints) == 4


def test_the_fingerprint_does_not_read_what_the_policy_does_not() -> None:
    """A variable that nobody refers to changes nothing, and a default is worth its value."""
    assert checked(GOOD, OTHER="x", LLAMA_KEY="none").policy.fingerprint == checked(GOOD, OTHER="y").policy.fingerprint


@pytest.mark.parametrize(
    ("written", "model"),
    [
        ("3.1", "3.1"),
        ("3.10", "3.10"),
        ("1_000", "1_000"),
        ("no", "no"),
        ("on", "on"),
        ("0123", "0123"),
        ("1:30", "1:30"),
        ("2024-08-06", "2024-08-06"),
        ("1e3", "1e3"),
        ("!!str 3.10", "3.10"),
        ("'null'", "null"),
        ("123456789012345678901234567890", "123456789012345678901234567890"),
    ],
)
def test_a_name_stays_as_it_was_written(written: str, model: str) -> None:
    """A model called 3.10 is not the model 3.1, and one called `no` is not false."""
    assert with_backend(f"model: {written}").policy.backends["llama"].model == model


def test_keys_are_names_too() -> None:
    """A backend may be called `on`, a tag `no`."""
    text = SMALL.replace("llama:", "on:").replace("use: llama", "use: on") + "tags: {no: restricted}\n"

    policy = checked(text).policy

    assert list(policy.backends) == ["on"]
    assert policy.rules[0].use == ("on",)
    assert list(policy.tags) == ["no"]


def test_a_lone_number_may_stand_for_a_list_of_names() -> None:
    """`use: 3.1` names the backend 3.1."""
    assert checked(SMALL.replace("llama:", "3.1:").replace("use: llama", "use: 3.1")).policy.rules[0].use == ("3.1",)


def test_names_inside_the_options_of_a_kind_stay_as_written() -> None:
    """A kind's option that is text is not made a number on the way."""
    assert with_backend("model: m, api_version: 2024.10").policy.backends["llama"].options == {"api_version": "2024.10"}


def test_numbers_that_belong_to_nobody_stay_numbers() -> None:
    """What is passed on to a server keeps the types that YAML gave it."""
    policy = with_backend("model: m, extra_body: {top_k: 3, cache: yes, temperature: 0.5, seed: ~}").policy

    assert policy.backends["llama"].options == {
        "extra_body": {"top_k": 3, "cache": True, "temperature": 0.5, "seed": None}
    }


def test_aliases_repeat_what_was_written() -> None:
    """An anchor saves writing a list of backends twice."""
    text = SMALL.replace("use: llama}", "when: {task: a}, use: &all [llama]}") + "  - {name: rest, use: *all}\n"

    assert checked(text).policy.rules[1].use == ("llama",)


def test_a_number_may_come_from_the_environment() -> None:
    """A reference is text in YAML and still a number where one is asked for."""
    assert (
        with_backend('model: m, timeout_s: "${T:-30}", optional: "${O}"', O="yes").policy.backends["llama"].timeout_s
        == 30
    )


@pytest.mark.parametrize(
    ("written", "environ", "read"),
    [
        ("${NAME}", {"NAME": "one"}, "one"),
        ("a-${NAME}-${NAME}", {"NAME": "b"}, "a-b-b"),
        ("${NAME:-other}", {}, "other"),
        ("${NAME:-other}", {"NAME": ""}, "other"),
        ("${NAME:-}x", {}, "x"),
        ("$${NAME}", {}, "${NAME}"),
        ("$NAME", {"NAME": "one"}, "$NAME"),
        ("${NAME}", {"NAME": "${HOME}"}, "${HOME}"),
    ],
)
def test_references_read_the_environment_once(written: str, environ: dict[str, str], read: str) -> None:
    """What a variable holds is taken as it is."""
    assert with_backend(f'model: "{written}"', **environ).policy.backends["llama"].model == read


@pytest.mark.parametrize("written", ["${NAME:-${OTHER}}", "${NAME:-a${", "${NAME:-"])
def test_a_reference_inside_a_default_is_an_unfinished_one(written: str) -> None:
    """A default is plain text: `${NAME:-${OTHER}}` would stand for `${OTHER` and a brace."""
    found = problems(SMALL.replace("model: m", f'model: "{written}"'))

    assert "an unfinished reference" in found[0]


def test_references_that_are_never_closed_are_read_once() -> None:
    """A megabyte of them takes a moment: none looks for its brace through all that follow."""
    watch = Watch()
    _, faults = expand("${NAME:-" * 100_000, {})

    assert (len(faults), watch.seconds() < 2) == (100_000, True)


def test_a_policy_shows_no_secret_and_no_prompt() -> None:
    """A policy may be printed and logged."""
    policy = checked(GOOD, LLAMA_KEY=SECRET).policy

    assert policy.backends["llama"].options["api_key"] == SECRET
    assert SECRET not in repr(policy) + str(policy)
    assert "Jane Doe" not in repr(policy)


def test_a_validator_that_quotes_a_secret_is_not_believed() -> None:
    """A third party's sentence is shown without the values of the environment."""
    found = problems(SMALL.replace("model: m", 'model: m, urls: "${URL}"'), URL="ftp://user:pw@host")

    assert found == (
        "p.yaml:3:43: backends.llama.urls: '${URL}' is no URL of a server; write for instance http://127.0.0.1:8080",
    )


def test_the_backends_of_a_kind_may_have_several_faults() -> None:
    """Every replica's URL is checked, and what is wrong with all of them is said once."""
    found = problems(SMALL.replace("model: m", "model: m, urls: [a, b], limit: 0"))

    assert [problem.split(": ")[1] for problem in found] == [
        "backends.llama.urls[0]",
        "backends.llama.urls[1]",
        "backends.llama.limit",
    ]


def test_warnings_do_not_refuse_a_policy() -> None:
    """What is odd is said, and the policy holds."""
    text = SMALL.replace("use: llama}", "when: {task: a}, use: llama}") + "baseline: gpt-5-mini\n"

    assert checked(text).warnings == (
        "p.yaml:5:5: rules[0]: requests that match no rule are refused; end with a rule that has no 'when'",
        (
            "p.yaml:6:11: baseline: there is no price for 'gpt-5-mini': savings against it stay unknown; "
            "name a priced model as provider/model"
        ),
    )


def test_a_path_with_strange_keys_stays_one_line() -> None:
    """A key cannot forge a second problem or steer a terminal."""
    found = problems(SMALL + '"a\\nb\\e[31m": 1\n' + f"{'x' * 200}: 1\n")

    assert [problem.count("\n") for problem in found] == [0, 0]
    assert "\x1b" not in "".join(found)
    assert max(map(len, found)) < 300


def load(path: Path) -> object:
    return load_policy(path, options_of=options_of, kinds_of=kinds_of, environ={})


def test_a_file_is_read_with_the_environment_of_the_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an environment of their own, references read the process's."""
    path = tmp_path / "p.yaml"
    path.write_text(SMALL.replace("model: m", 'model: "${GATEWAY_TEST_MODEL}"'))
    monkeypatch.setenv("GATEWAY_TEST_MODEL", "from-outside")

    policy = load_policy(str(path), options_of=options_of, kinds_of=kinds_of)

    assert policy.backends["llama"].model == "from-outside"


def test_a_text_is_read_like_a_file() -> None:
    """Programs that have a policy as text need no file."""
    assert parse_policy(SMALL, environ={}, options_of=options_of, kinds_of=kinds_of).rules[0].name == "default"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"version: 1\nentity: {name: K\xf6ln}\n", ":2:17: this is not UTF-8; save the file as UTF-8"),
        (b"version: 1\nentity: {name: \x00}\n", ":2:16: U+0000 cannot stand in YAML; remove it"),
        (b"#" * 1_000_001, ": the policy is larger than 1,000,000 bytes; split it"),
        (b"", ":1:1: the policy is empty; start with 'version: 1'"),
    ],
)
def test_a_file_that_is_no_text_of_ours_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    """Encodings, stray bytes and sizes are told apart."""
    path = tmp_path / "p.yaml"
    path.write_bytes(content)

    with pytest.raises(PolicyError) as caught:
        load(path)

    assert caught.value.problems == (f"{path}{problem}",)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    path = tmp_path / "p.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())

    assert load(path)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: None, "cannot be read: no such file or directory; check the path"),
        (lambda path: path.mkdir(), "this is a directory; name a file"),
        (os.mkfifo, "this is no plain file; name a file"),
    ],
)
def test_a_path_that_is_no_file_is_one_clear_problem(
    tmp_path: Path, make: Callable[[Path], None], problem: str
) -> None:
    """Nothing hangs on a pipe and nothing ends in a traceback."""
    path = tmp_path / "p.yaml"
    make(path)

    with pytest.raises(PolicyError) as caught:
        load(path)

    assert caught.value.problems == (f"{path}: {problem}",)


def test_a_path_that_cannot_be_one_is_refused() -> None:
    """A NUL in a path is said, not thrown."""
    with pytest.raises(PolicyError, match="NUL"):
        load(Path("a\x00b"))


def test_a_text_beyond_the_limit_is_refused() -> None:
    """The limit holds for texts as for files."""
    assert problems("#" * 1_000_001) == ("p.yaml: the policy is larger than 1,000,000 bytes; split it",)


def test_the_default_is_found_in_a_checkout() -> None:
    """Who works on the gateway edits the policy that ships."""
    assert packaged_default() == Path(__file__).parents[2] / "policies" / "default.yaml"


def test_the_default_is_found_in_an_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel carries the policies inside the package."""
    installed = tmp_path / "gateway" / "policies" / "default.yaml"
    installed.parent.mkdir(parents=True)
    installed.write_text(SMALL)
    monkeypatch.setattr(load_module, "__file__", str(tmp_path / "gateway" / "policy" / "load.py"))

    assert packaged_default() == installed


def laughs() -> str:
    layers = "".join(f"  l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]\n" for n in range(1, 10))
    return f"version: 1\npools:\n  l0: &l0 [a, b]\n{layers}"


@pytest.mark.parametrize(
    ("bomb", "problem"),
    [
        (laughs(), "p.yaml:8:22: pools.l5[2]: the policy has more than 50,000 values; split it"),
        ("a: &a [1]\nb: [" + "*a, " * 101 + "]\n", "p.yaml:2:405: b[100]: more than 100 aliases; write the values out"),
        ("a: " + "[" * 900_000, "p.yaml:1:23: a[0][0]: nested deeper than 20 levels; a policy needs six"),
        ("{a: " * 200_000, "p.yaml:1:81: a.a.a: nested deeper than 20 levels; a policy needs six"),
        ("a: 1\n" * 160_000, "p.yaml: and 49,899 more; mend these first"),
        ("- a\n" * 240_000, "p.yaml:50000:3: [49999]: the policy has more than 50,000 values; split it"),
        ("? " * 400_000, "p.yaml:1:3: a key must be a plain word"),
    ],
    ids=["laughs", "aliases", "brackets", "braces", "keys", "items", "questions"],
)
def test_a_bomb_is_refused_fast(bomb: str, problem: str) -> None:
    """A hostile file costs little: it is refused before anything grows."""
    watch = Watch()

    found = problems(bomb)

    assert found[-1] == problem
    assert watch.seconds() < 3


def test_nesting_through_aliases_counts() -> None:
    """Depth cannot be hidden behind anchors."""
    text = "l0: &l0 [[[[[[[[[a]]]]]]]]]\nl1: &l1 [[[[[[[[[*l0]]]]]]]]]\nl2: [[[*l1]]]\n"

    assert problems(text) == ("p.yaml:3:8: l2[0][0]: nested deeper than 20 levels; a policy needs six",)


def test_an_environment_cannot_blow_a_policy_up() -> None:
    """References are counted at the size that they have."""
    found = problems(SMALL + "baseline: '" + "${BIG}" * 100 + "'\n", BIG="x" * 10_001)

    assert found == (
        "p.yaml:6:11: baseline: the environment makes the policy larger than 1,000,000 bytes; refer to it less",
    )


def refused_or_read(text: str) -> None:
    watch = Watch()

    found = problems(text, NAME="value")

    assert not any(word in problem for problem in found for word in ("\n", "Traceback", "pydantic", "Input should"))
    assert watch.seconds() < 3


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    """Whatever a file holds, the answer is a policy or a list of problems."""
    refused_or_read(text)


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_a_policy_with_a_slip_of_the_pen_is_read_or_refused(data: st.DataObject) -> None:
    """Typing errors anywhere are found or harmless."""
    text = GOOD
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        cut = data.draw(st.integers(0, 8))
        typed = data.draw(
            st.one_of(st.text(alphabet="[]{}:,-&*!|>'\"%@`#?\t\n ${}<~0.aé", max_size=5), st.text(max_size=3))
        )
        text = text[:start] + typed + text[start + cut :]

    refused_or_read(text)


values = st.recursive(
    st.sampled_from(
        ["1", "-1", ".nan", "1e999", "yes", "~", "text", "''", "'${NAME}'", "'${NONE}'", "restricted", "llama", "'\\'"]
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.dictionaries(
            st.sampled_from(["kind", "name", "use", "at_least", "judge", "level", "x"]), inner, max_size=3
        ).map(lambda items: "{" + ", ".join(f"{key}: {value}" for key, value in items.items()) + "}"),
    ),
    max_leaves=6,
)


@given(
    st.sampled_from(
        sorted({"version", "entity", "baseline", "default_level", "pools", "tags", "classifier", "detectors"})
    ),
    values,
    values,
    values,
)
@settings(max_examples=200, deadline=None)
def test_a_policy_with_values_of_any_shape_is_read_or_refused(key: str, value: str, backend: str, rule: str) -> None:
    """Right YAML with the wrong things in it never ends in a traceback."""
    refused_or_read(
        textwrap.dedent(f"""\
            {key}: {value}
            backends: {{llama: {{kind: vllm, model: {value}, clearance: restricted, tls: {backend}}}, b: {backend}}}
            rules: [{{name: default, use: llama, when: {{tags: {value}, difficulty: {rule}}}}}, {rule}]
            tests: [{rule}]
            """)
    )
