"""References of the public data sets that are wrong themselves.

Every reference that the verifiers refuse was read; those stand here whose value no text tells, or
that another text contradicts. What is refused for nothing else is no false alarm.
"""

from collections.abc import Mapping

_COVER = "purchase_insurance.insurance_type"  # "comprehensive", which nobody asked for
BFCL: Mapping[str, frozenset[str]] = {
    "11": frozenset(["post_tweet.content"]),  # files that the backend lists by other names
    "15": frozenset(["mean.numbers"]),  # 62 characters, the backend counts 60
    "28": frozenset(["echo.content"]),  # 6,755 bytes of "6.60 KB"
    "29": frozenset(["touch.file_name", "echo.file_name"]),  # 3,354 bytes of "3.28 KB"
    "32": frozenset(["echo.content"]),  # 4.51947, the backend answers 4.519
    "61": frozenset(["fillFuelTank.fuelAmount"]),  # by a mileage that stands in the backend's code
    "90": frozenset(["post_tweet.mentions"]),  # a name that the user tells a turn later
    "147": frozenset(["post_tweet.mentions"]),  # the same
    "159": frozenset([_COVER]),
    "171": frozenset([_COVER]),
    "172": frozenset(["register_credit_card.expiration_date"]),  # 2025, the user says 2026
    "173": frozenset(["close_ticket"]),  # a string where the schema wants an integer
    "176": frozenset(["create_ticket.description"]),  # 2023, the user says 2026
    "179": frozenset([_COVER]),
    "180": frozenset(["set_budget_limit.budget_limit"]),  # by a rate that was not asked for
    "185": frozenset([_COVER]),
    "188": frozenset([_COVER, "authenticate_twitter.password"]),  # a password from nowhere
    "197": frozenset([_COVER, "register_credit_card.expiration_date"]),  # 2025, the user says '26
}
"""Number of the task, the same in all four sets → what is wrong."""
TAU: Mapping[str, frozenset[str]] = {
    "airline 35": frozenset(["book_reservation.passengers.dob"]),  # of nobody in the database
    "retail 2": frozenset(["get_product_details.product_id"]),  # a product that does not exist
    "retail 3": frozenset(["get_product_details.product_id"]),
    "retail 4": frozenset(["get_product_details.product_id"]),
}
"""Domain and id of the task → what is wrong."""
