"""`gateway export`: files for other programs. Each is written whole, or not at all."""

import typer

from gateway.cli.focus import focus

export = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@export.callback()
def _group() -> None:
    """Write what other programs read: charges for finance."""


export.command()(focus)
