"""Applications as a capable model specifies them, through the checks of `evolve`: nothing here was
written with the reading of specs in mind, but for the range of what it meets."""

from typing import Any

from datagen.agentic.tools.evolve.answers import Application, Entity, ErrorCase, ToolAnswer
from datagen.agentic.tools.evolve.asks import NewApplication
from datagen.agentic.tools.evolve.rows import draft
from datagen.agentic.tools.evolve.spec import tool_fault
from datagen.schemas import Tool

Line = tuple[str, str, str, str, str, str, str]
"""Name, description, effect, entities read, entities written, parameters, result."""
_EXAMPLES = {
    "string": "north-7",
    "integer": "3",
    "number": "12.5",
    "boolean": "true",
    "date": "2026-05-04",
    "datetime": "2026-05-04T09:30:00Z",
    "list_of_strings": "red, blue",
}
APPS: dict[str, tuple[str, list[Line]]] = {
    "Harbour Berths": (
        "berth: id, name, length, status; booking: id, berth_id, boat_name, arrival_date, status; "
        "boat: id, name, owner, length",
        [
            ("list_berths", "Lists the berths of the harbour, all or those with one status.", "reads",
             "berth", "", "status?=free|taken|closed", "berths:list_of_objects total:integer"),
            ("get_berth", "Reads one berth with its length and what it costs for a night.", "reads",
             "berth", "", "berth_id", "berth_id name length:number status nightly_price:number"),
            ("book_berth", "Books a berth for a boat from one day to another.", "adds",
             "berth", "booking", "berth_id boat_name arrival_date:date departure_date:date",
             "booking_id berth_id boat_name arrival_date:date status"),
            ("get_booking", "Reads one booking with its days and its status.", "reads",
             "booking", "", "booking_id", "booking_id boat_name arrival_date:date status"),
            ("find_bookings_by_boat", "Finds the bookings of a boat by its name.", "reads",
             "booking", "", "boat_name", "bookings:list_of_objects"),
            ("cancel_booking", "Cancels a booking that has not begun yet.", "changes",
             "booking", "booking", "booking_id reason?", "booking_id status"),
            ("move_booking", "Moves a booking to another berth of the harbour.", "changes",
             "berth booking", "booking", "booking_id berth_id", "booking_id berth_id status"),
            ("calculate_harbour_dues", "Calculates what a boat of some length owes for its stay.",
             "reads", "berth", "", "length:number nights:integer", "amount:number currency"),
        ],
    ),
    "Clinic Rounds": (
        "patient: id, name, ward, status; medication: id, patient_id, drug, dose; "
        "appointment: id, patient_id, date, room",
        [
            ("register_patient", "Registers a patient who comes into the clinic.", "adds",
             "patient", "patient", "full_name birth_date:date ward=surgery|medicine|children",
             "patient_id full_name ward status"),
            ("get_patient", "Reads the record of one patient.", "reads",
             "patient", "", "patient_id", "patient_id full_name birth_date:date ward status"),
            ("search_patients", "Finds patients by words of their name and by ward.", "reads",
             "patient", "", "query ward?=surgery|medicine|children", "patients:list_of_objects total:integer"),
            ("update_patient_ward", "Moves a patient to another ward of the clinic.", "changes",
             "patient", "patient", "patient_id ward=surgery|medicine|children", "patient_id ward"),
            ("discharge_patient", "Discharges a patient who may go home today.", "changes",
             "patient", "patient", "patient_id", "patient_id status"),
            ("schedule_appointment", "Schedules an appointment of a patient in a room.", "adds",
             "patient", "appointment", "patient_id date:date room", "appointment_id patient_id date:date room"),
            ("list_patient_appointments", "Lists the appointments of one patient.", "reads",
             "appointment patient", "", "patient_id", "appointments:list_of_objects"),
            ("delete_appointment", "Removes an appointment that is no longer needed.", "removes",
             "appointment", "appointment", "appointment_id", "deleted:boolean appointment_id"),
            ("check_drug_interactions", "Checks whether some drugs may be given together.", "reads",
             "medication", "", "drugs:list_of_strings", "safe:boolean warnings:list_of_strings"),
        ],
    ),
    "Lighting Scenes": (
        "lamp: id, name, room, brightness; scene: id, name, lamps",
        [
            ("list_lamps", "Lists the lamps of the house, all or those of one room.", "reads",
             "lamp", "", "room?", "lamps:list_of_objects"),
            ("get_lamp_state", "Tells whether a lamp is on and how bright it is.", "reads",
             "lamp", "", "lamp_id", "lamp_id name status brightness:integer"),
            ("set_lamp_brightness", "Sets the brightness of one lamp in percent.", "changes",
             "lamp", "lamp", "lamp_id brightness:integer", "lamp_id brightness:integer"),
            ("rename_lamp", "Gives a lamp another name in the house.", "changes",
             "lamp", "lamp", "lamp_id new_name", "lamp_id name"),
            ("create_scene", "Makes a scene of some lamps that is switched on as one.", "adds",
             "scene lamp", "scene", "name lamp_ids:list_of_strings", "scene_id name"),
            ("activate_scene", "Switches a scene on with all of its lamps.", "changes",
             "scene lamp", "scene", "scene_id", "scene_id status"),
            ("delete_scene", "Deletes a scene; its lamps stay as they are.", "removes",
             "scene", "scene", "scene_id", "deleted:boolean"),
            ("list_scenes", "Lists all scenes with their names and lamps.", "reads",
             "scene", "", "", "scenes:list_of_objects total:integer"),
            ("dim_all_lamps", "Dims all lamps of the house by some percent.", "changes",
             "lamp", "lamp", "percent:integer", "changed:integer"),
        ],
    ),
    "Invoice Ledger": (
        "invoice: id, customer_id, amount, due_date, status; customer: id, name, email",
        [
            ("create_invoice", "Makes an invoice for a customer, as a draft first.", "adds",
             "customer", "invoice", "customer_id amount:number due_date:date notes?",
             "invoice_id customer_id amount:number due_date:date status"),
            ("get_invoice", "Reads one invoice with its amount and its status.", "reads",
             "invoice", "", "invoice_id", "invoice_id customer_id amount:number due_date:date status"),
            ("list_invoices", "Lists invoices by customer, status and least amount.", "reads",
             "invoice", "", "customer_id? status?=draft|sent|paid|void min_amount?:number",
             "invoices:list_of_objects total:integer"),
            ("mark_invoice_paid", "Marks an invoice as paid in full today.", "changes",
             "invoice", "invoice", "invoice_id", "invoice_id status"),
            ("update_due_date", "Gives an invoice another day by which it is due.", "changes",
             "invoice", "invoice", "invoice_id due_date:date", "invoice_id due_date:date"),
            ("add_customer", "Adds a customer with a name and an address for mail.", "adds",
             "customer", "customer", "name email", "customer_id name email"),
            ("get_customer", "Reads one customer of the ledger.", "reads",
             "customer", "", "customer_id", "customer_id name email"),
            ("find_customer", "Finds customers by words of their name.", "reads",
             "customer", "", "name", "customers:list_of_objects"),
            ("send_payment_reminder", "Sends a reminder for an invoice by mail.", "changes",
             "invoice customer", "invoice", "invoice_id tone=kind|firm", "sent:boolean"),
            ("count_overdue_invoices", "Counts the invoices that are overdue by now.", "reads",
             "invoice", "", "customer_id?", "count:integer"),
        ],
    ),
}  # fmt: skip


def evolved_tools() -> list[Tool]:
    """The tools of all applications, as `evolve` would have kept them."""
    return [tool for name in APPS for tool in _tools(name)]


def _tools(name: str) -> list[Tool]:
    about, lines = APPS[name]
    entities = [
        Entity(name=part.split(":")[0].strip(), fields=part.split(":")[1].split(", "))
        for part in about.replace(": ", ":").split("; ")
    ]
    place = Application(
        server=name.lower().replace(" ", "-") + "-aa0000",
        name=name,
        summary=f"Keeps what belongs to {name.lower()}.",
        category="smart_home",
        domain="all kinds of things",
        entities=entities,
        errors=[
            ErrorCase(code="record_not_found", when="nothing has this id"),
            ErrorCase(code="conflict", when="something else stands against it"),
        ],
    )
    ask = NewApplication(
        round=0, date="2026-01-01", category="smart_home", title="Smart home",
        domain="all kinds of things", number=0, slots=len(lines), audience="private persons",
    )  # fmt: skip
    found = []
    for line in lines:
        answer = _answer(line)
        assert tool_fault(answer, place) is None, (line[0], tool_fault(answer, place))
        row = draft(ask, answer, place, model="test")
        assert isinstance(row, Tool), row
        found.append(row)
    return found


def _answer(line: Line) -> ToolAnswer:
    name, description, effect, reads, writes, parameters, result = line
    state: dict[str, Any] = {"effect": effect, "reads": reads.split()}
    if effect != "reads":
        state |= {"writes": writes.split(), "idempotent": effect != "adds"}
    return ToolAnswer.model_validate(
        {
            "name": name,
            "description": description,
            "state": state,
            "parameters": [_parameter(one) for one in parameters.split()],
            "result": [_field(one) for one in result.split()],
            "errors": [{"code": "record_not_found", "when": "nothing has this id"}],
        }
    )


def _parameter(text: str) -> dict[str, Any]:
    head, _, kind = text.partition(":")
    head, _, options = head.partition("=")
    kind = kind or "string"
    values = options.split("|") if options else []
    return {
        "name": head.removesuffix("?"),
        "type": kind,
        "description": f"The {head.removesuffix('?').replace('_', ' ')} that is meant here.",
        "required": not head.endswith("?"),
        "unit": "pieces" if kind in ("integer", "number") else "none",
        "example": values[0] if values else _EXAMPLES[kind],
        "values": values,
    }


def _field(text: str) -> dict[str, Any]:
    name, _, kind = text.partition(":")
    said = f"The {name.replace('_', ' ')} as it is now."
    return {"name": name, "type": kind or "string", "description": said}
