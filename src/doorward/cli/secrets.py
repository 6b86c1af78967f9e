"""`doorward secrets`: rotation of the keys that protect data at rest."""

from pathlib import Path

import click

from doorward.app.core import opened_core
from doorward.cli.options import installation_options, json_option
from doorward.cli.output import print_json, run, say, warn
from doorward.identities.vault_rotation import reseal
from doorward.security.cipher import Cipher
from doorward.storage.identity_keys import Rotation, rotate


@click.group()
def secrets() -> None:
    """Keys that protect data at rest."""


@secrets.command("rotate")
@installation_options
@json_option
def rotate_(config: tuple[Path, ...], as_json: bool) -> None:
    """Wrap every person's key, and the secrets of second factors, anew with the first of secrets.cipher.

    Put the new secret first, keep the old one behind it, restart, run this, then remove the old one. It works in
    batches and may be interrupted and repeated.
    """

    async def work() -> Rotation:
        async with opened_core(config) as core:
            cipher = Cipher([secret.reveal() for secret in core.config.secrets.for_cipher()])
            keys = await rotate(
                core.database, cipher, lambda done: warn(f"{done.checked} keys checked, {done.rewrapped} wrapped anew")
            )
            factors = await reseal(core.database, core.vault)
            return Rotation(
                keys.checked + factors.checked,
                keys.rewrapped + factors.resealed,
                keys.unreadable + factors.unreadable,
            )

    done = run(work())
    if as_json:
        print_json({"checked": done.checked, "rewrapped": done.rewrapped, "unreadable": done.unreadable})
    else:
        say(f"{done.checked} keys checked, {done.rewrapped} wrapped anew, {done.unreadable} unreadable.")
    if done.unreadable:
        raise click.ClickException(
            "Some keys were made with a secret that is not configured. Add it to secrets.cipher and repeat."
        )
