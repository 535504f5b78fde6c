"""The strings of the licences, to the byte."""

import pytest

from gateway.errors import LicenceError
from gateway.licences import registry

COMMUNITY = (
    "{name} is licensed under the {licence} Community License, "
    "Copyright {sign} Meta Platforms, Inc. All Rights Reserved."
)


@pytest.mark.parametrize(
    ("licence_id", "display", "prefix", "notice"),
    [
        ("llama-2", None, None, COMMUNITY.format(name="Llama 2", licence="LLAMA 2", sign="(c)")),
        (
            "llama-3",
            "Built with Meta Llama 3",
            "Llama 3",
            COMMUNITY.format(name="Meta Llama 3", licence="Meta Llama 3", sign="\N{COPYRIGHT SIGN}"),
        ),
        *(
            (
                f"llama-{version}",
                "Built with Llama",
                "Llama",
                COMMUNITY.format(name=f"Llama {version}", licence=f"Llama {version}", sign="\N{COPYRIGHT SIGN}"),
            )
            for version in ("3.1", "3.2", "3.3", "4")
        ),
        ("apache-2.0", None, None, None),
        ("mit", None, None, None),
        ("proprietary-api", None, None, None),
    ],
)
def test_a_licence_has_its_own_strings(
    licence_id: str, display: str | None, prefix: str | None, notice: str | None
) -> None:
    """Five different Llama regimes, and no string of one stands in another."""
    licence = registry.get(licence_id)

    assert (licence.display, licence.name_prefix, licence.notice) == (display, prefix, notice)


@pytest.mark.parametrize("licence_id", registry.ids())
def test_every_file_is_a_licence_of_its_own_name(licence_id: str) -> None:
    """A file whose id is another one's would be found under the wrong name."""
    licence = registry.get(licence_id)

    assert licence.id == licence_id
    assert all((licence.name, licence.source))


@pytest.mark.parametrize(
    ("wrong", "hint"),
    [("llama3.1", "did you mean 'llama-3.1'"), ("zzz", "known: apache-2.0, "), ("../registry", "known: ")],
)
def test_an_unknown_licence_is_an_error_that_helps(wrong: str, hint: str) -> None:
    """The nearest right spelling, else the list."""
    with pytest.raises(LicenceError, match=hint):
        registry.get(wrong)


@pytest.mark.parametrize(
    ("licence_id", "shown"), [("llama-3", ("Built with Meta Llama 3",)), ("llama-2", ()), ("mit", ())]
)
def test_the_display_string_is_what_is_shown(licence_id: str, shown: tuple[str, ...]) -> None:
    """Where the licence asks for no display, nothing is shown."""
    assert registry.attribution(registry.get(licence_id)) == shown
