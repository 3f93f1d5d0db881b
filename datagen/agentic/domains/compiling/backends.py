"""What an action does to a state: one function for each operation, told by its bindings.

Everything that fits the tool's input schema is taken. A value that the entity's records can't hold,
a reference that leads nowhere and a name that two records have are refused, as is the deletion of
what others refer to."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from datagen.agentic.domains.base import Refused, State
from datagen.agentic.domains.compiling.plans import Action, Binding, EntityPlan
from datagen.agentic.domains.compiling.results import Material, made
from datagen.agentic.domains.compiling.states import blank, new_key
from datagen.agentic.domains.compiling.values import fits
from datagen.agentic.domains.compiling.words import spoken_noun, spoken_nouns

Record = dict[str, Any]
MOST_LISTED = 50
"""Records that a list gives where no limit is named; a state holds fewer."""


@dataclass(frozen=True)
class Backend:
    """Runs the calls of one tool."""

    server: str
    action: Action
    entities: Mapping[str, EntityPlan]
    errors: Mapping[str, str]
    """The code that the tool declares for an error of ours; ours where it declares none."""
    summary: tuple[str, ...] = ()
    """Fields that a list shows; empty: all."""

    def __call__(self, state: State, given: Mapping[str, Any]) -> Any:
        run: Mapping[str, Callable[[State, Mapping[str, Any]], Any]] = {
            "read": self._read,
            "list": self._list,
            "count": self._list,
            "create": self._create,
            "update": self._update,
            "delete": self._delete,
            "status": self._update,
        }
        return run[self.action.operation](state, given)

    @property
    def entity(self) -> EntityPlan:
        return self.entities[self.action.entity]

    @property
    def _one(self) -> str:
        return spoken_noun(self.entity.noun)

    def _refuse(self, code: str, message: str) -> Refused:
        return Refused(self.errors.get(code, code), message)

    def _read(self, state: State, given: Mapping[str, Any]) -> Any:
        return self._told(self._found(state, given))

    def _list(self, state: State, given: Mapping[str, Any]) -> Any:
        found = [one for one in state[self.entity.name].values() if self._fits(one, given, state)]
        return self._told({}, self._page(found, given), len(found))

    def _create(self, state: State, given: Mapping[str, Any]) -> Any:
        entity = self.entity
        values = self._written(state, given)
        chosen = next((b.parameter.given(given) for b in self.action.bound("key")), None)
        needed = {
            b.field: b.parameter.given(given)
            for b in self.action.bound("field")
            if b.parameter.required
        }
        if chosen is None:
            key = new_key(self.server, entity, state, needed or values)
        else:
            key = _typed(chosen, entity)
        if key is None or str(key) in state[entity.name]:
            raise self._refuse("already_exists", f"There is a {self._one} {key} already.")
        if not fits(key, entity.key.schema):
            raise self._refuse("invalid_value", f"{key} can't be the id of a {self._one}.")
        record: Record = {entity.key.name: key}
        for field in entity.fields.values():
            seed = f"{self.server} {entity.name} {key} {field.name}"
            value = values.get(field.name)
            record[field.name] = blank(field, entity, state, seed) if value is None else value
        record |= {name: value for name, value in values.items() if name not in record}
        state[entity.name][str(key)] = record
        return self._told(record)

    def _update(self, state: State, given: Mapping[str, Any]) -> Any:
        found = self._found(state, given)
        values = self._written(state, given)
        if self.entity.key.name in values:
            self._rename(state, found, values[self.entity.key.name])
        found.update(values)
        if self.action.sets is not None:
            found[self.action.sets[0]] = self.action.sets[1]
        return self._told(found)

    def _rename(self, state: State, found: Record, new: Any) -> None:
        """Give a record that goes by its name another one, also where others refer to it."""
        records, key = state[self.entity.name], self.entity.key.name
        old = found[key]
        if str(new) in records:
            raise self._refuse("already_exists", f"There is a {self._one} {new} already.")
        records[str(new)] = records.pop(str(old))
        for other in self.entities.values():
            for field in other.fields.values():
                for record in state.get(other.name, {}).values():
                    if field.refers == self.entity.name and record.get(field.name) == old:
                        record[field.name] = new

    def _delete(self, state: State, given: Mapping[str, Any]) -> Any:
        found = self._found(state, given)
        key = found[self.entity.key.name]
        if user := next(self._users(state, key), ""):
            raise self._refuse("in_use", f"{self._one} {key} has {user}.")
        del state[self.entity.name][str(key)]
        return self._told(found)

    def _users(self, state: State, key: Any) -> Iterator[str]:
        """Entities with a record that refers to an id of this one."""
        for other in self.entities.values():
            for field in other.fields.values():
                holders = state.get(other.name, {}) if field.refers == self.entity.name else {}
                itself = str(key) if other.name == self.entity.name else None
                if any(r.get(field.name) == key and k != itself for k, r in holders.items()):
                    yield spoken_nouns(other.noun)

    def _found(self, state: State, given: Mapping[str, Any]) -> Record:
        """The one record that a call names."""
        records = state[self.entity.name]
        named = [
            (b, value)
            for b in self.action.bound("key", "label")
            if (value := b.parameter.given(given)) is not None
        ]
        if not named:
            raise self._refuse("missing_argument", f"Say which {self._one} is meant.")
        binding, value = named[0]
        found = [one for one in records.values() if _is(one.get(binding.field), value)]
        found = [one for one in found if self._agrees(one, given, state)]
        if not found:
            raise self._refuse("not_found", f"There is no {self._one} {str(value)[:80]}.")
        if len(found) > 1:
            others = spoken_nouns(self.entity.noun)
            raise self._refuse("ambiguous", f"{len(found)} {others} are called {str(value)[:80]}.")
        record: Record = found[0]
        return record

    def _agrees(self, record: Record, given: Mapping[str, Any], state: State) -> bool:
        return all(
            self._equals(record, b, value, state)
            for b in self.action.bound("equals")
            if (value := b.parameter.given(given)) is not None
        )

    def _fits(self, record: Record, given: Mapping[str, Any], state: State) -> bool:
        """Whether a record is among those that a list asks for."""
        if not self._agrees(record, given, state):
            return False
        for binding in self.action.bound("contains", "least", "most", "query"):
            value = binding.parameter.given(given)
            if value not in (None, "", []) and not _holds(record, binding, value):
                return False
        return True

    def _equals(self, record: Record, binding: Binding, value: Any, state: State) -> bool:
        there = record.get(binding.field)
        field = self.entity.fields.get(binding.field)
        if isinstance(there, list):
            return any(_is(one, value) for one in there)
        if field is not None and field.refers and not _is(there, value):
            return self._called(state, field.refers, there, value)
        if field is not None and field.options and value not in field.options:
            return str(value).lower() in ("all", "any", "*", "") or _is(there, value)
        return value == "" or _is(there, value)

    def _called(self, state: State, other: str, key: Any, value: Any) -> bool:
        """Whether the record that is referred to is called that."""
        label = self.entities[other].label if other in self.entities else ""
        return bool(label) and _is(state[other].get(str(key), {}).get(label), value)

    def _page(self, found: Sequence[Record], given: Mapping[str, Any]) -> list[Record]:
        limit = self._number("limit", given, MOST_LISTED)
        page = max(1, self._number("page", given, 1))
        start = max(0, self._number("offset", given, 0)) + (page - 1) * limit
        return list(found[start : start + limit])

    def _number(self, role: Any, given: Mapping[str, Any], default: int) -> int:
        values = [b.parameter.given(given) for b in self.action.bound(role)]
        found = next((one for one in values if isinstance(one, int | float)), default)
        return int(found) if found > 0 or role == "offset" else default

    def _written(self, state: State, given: Mapping[str, Any]) -> Record:
        """The values that a call gives, by field; refused where a record can't hold one."""
        made: Record = {}
        for binding in self.action.bound("field", "extra"):
            value = binding.parameter.given(given)
            if value is None:
                value = binding.parameter.schema.get("default") if self._makes else None
            if value is None:
                continue
            field = self.entity.fields.get(binding.field)
            if binding.field == self.entity.key.name and binding.role == "field":
                field = self.entity.key
            if field is not None:
                value = self._held(state, field.refers, value, binding)
                if not fits(value, field.schema):
                    said = f"{binding.parameter.name} can't be {str(value)[:80]}."
                    raise self._refuse("invalid_value", said)
            made[binding.field] = value
        return made

    @property
    def _makes(self) -> bool:
        return self.action.operation == "create"

    def _held(self, state: State, refers: str, value: Any, binding: Binding) -> Any:
        """The value as records hold it: of a reference the id, also where a name was given."""
        if not refers or refers not in state:
            return value
        entity = self.entities[refers]
        records = state[refers]
        if str(value) in records:
            return records[str(value)][entity.key.name]
        called = [r for r in records.values() if entity.label and _is(r.get(entity.label), value)]
        if len(called) == 1:
            return called[0][entity.key.name]
        raise self._refuse("not_found", f"{binding.parameter.name}: there is no {str(value)[:80]}.")

    def _told(self, record: Record, records: Sequence[Record] = (), total: int = 0) -> Any:
        """The result of a call."""
        entity, action = self.entity, self.action
        key = record.get(entity.key.name)
        done = {"create": "created", "delete": "deleted"}.get(action.operation, "updated")
        shown = [self._short(one) for one in records] if action.result is None else records
        said = f"{self._one} {key} was {done}." if record else f"{total} found."
        if action.result is not None:
            material = Material(record, shown, total, entity.key.name, entity.label, said)
            return made(action.result, material)
        if action.operation == "list":
            return {entity.name: shown, "total": total}
        if action.operation == "count":
            return {"count": total}
        if action.operation == "delete":
            return {"deleted": True, entity.key.name: key}
        return dict(record)

    def _short(self, record: Record) -> Record:
        return {n: v for n, v in record.items() if not self.summary or n in self.summary}


def _holds(record: Record, binding: Binding, value: Any) -> bool:
    """Whether a record is what a filter wants."""
    if binding.role == "query":
        texts = " ".join(str(one) for one in record.values()).casefold()
        words = value if isinstance(value, list) else str(value).casefold().split()
        return all(str(word).casefold() in texts for word in words)
    there = record.get(binding.field)
    if binding.role == "contains":
        return str(value).casefold() in str(there).casefold()
    if there is None:
        return False
    if isinstance(there, int | float) and isinstance(value, int | float):
        return there >= value if binding.role == "least" else there <= value
    one, other = str(there), str(value)
    size = min(len(one), len(other))  # a day holds all of its hours
    return one[:size] >= other[:size] if binding.role == "least" else one[:size] <= other[:size]


def _is(there: Any, value: Any) -> bool:
    """Equal as people write it: the case of letters, and whether a number is text, don't matter."""
    if isinstance(there, bool) or isinstance(value, bool):
        return there is value
    if isinstance(there, int | float) and isinstance(value, int | float):
        return there == value
    return there is not None and str(there).strip().casefold() == str(value).strip().casefold()


def _typed(key: Any, entity: EntityPlan) -> Any:
    """A given id as records hold it: text that spells a number is one where ids are numbers."""
    if entity.key.kind != "integer":
        return str(key)
    try:
        return int(key)
    except ValueError:
        return key
