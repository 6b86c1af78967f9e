"""The portal's property definitions and groups as they are now, kept in the database."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from portalsim.database import Database
from portalsim.definitions import Definition, Group, Option
from portalsim.standard import GROUPS, standard_properties

PROPERTY, GROUP = "property", "group"
UNIQUE_LIMIT = 10
CUSTOM_LIMIT = 1_000


class Catalogue:
    """Definitions by name. `live` leaves the archived ones out and is rebuilt only when something changes."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._properties: dict[str, Definition] = {}
        self._groups: dict[str, Group] = {}
        self._live: Mapping[str, Definition] = {}
        self._unique: tuple[str, ...] = ()
        self.load()

    def load(self) -> None:
        """From the database; what was never changed is the standard."""
        self._properties = {each.name: each for each in standard_properties()}
        self._properties |= {name: _definition(doc) for name, doc in self._database.documents(PROPERTY).items()}
        self._groups = {each.name: each for each in GROUPS}
        self._groups |= {name: Group(**doc) for name, doc in self._database.documents(GROUP).items()}
        self._refresh()

    @property
    def live(self) -> Mapping[str, Definition]:
        return self._live

    @property
    def unique_names(self) -> tuple[str, ...]:
        return self._unique

    def find(self, name: str) -> Definition | None:
        """Archived or not."""
        return self._properties.get(name)

    def find_group(self, name: str) -> Group | None:
        found = self._groups.get(name)
        return None if found is None or found.archived else found

    def list_all(self, *, archived: bool = False) -> list[Definition]:
        return [each for each in self._properties.values() if each.archived is archived]

    def list_groups(self) -> list[Group]:
        return [each for each in self._groups.values() if not each.archived]

    def put(self, definition: Definition) -> None:
        self._properties[definition.name] = definition
        self._database.save(PROPERTY, definition.name, asdict(definition))
        self._refresh()

    def archive(self, name: str, at_ms: int) -> None:
        """Unknown names are left alone."""
        found = self._live.get(name)
        if found is not None:
            self.put(replace(found, archived=True, updated_ms=at_ms))

    def put_group(self, group: Group) -> None:
        self._groups[group.name] = group
        self._database.save(GROUP, group.name, asdict(group))

    def archive_group(self, name: str) -> None:
        found = self._groups.get(name)
        if found is not None:
            self.put_group(replace(found, archived=True))

    def _refresh(self) -> None:
        self._live = {name: each for name, each in self._properties.items() if not each.archived}
        self._unique = tuple(name for name, each in self._live.items() if each.unique)


def _definition(document: Mapping[str, Any]) -> Definition:
    return Definition(**{**document, "options": tuple(Option(**each) for each in document["options"])})
