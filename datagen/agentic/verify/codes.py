"""Codes that everybody knows: an agent may write them for what was named in words.

Currencies by ISO 4217 and the airports of large cities by IATA; own short lists, where the letters
do not follow from the name."""

from collections.abc import Mapping

CODES: Mapping[str, tuple[str, ...]] = {
    "USD": ("us dollars", "us dollar", "dollars", "dollar", "american dollars", "$"),
    "EUR": ("euros", "euro", "€"),
    "GBP": ("british pounds", "pounds sterling", "pounds", "pound", "£"),
    "JPY": ("japanese yen", "yen", "¥"),
    "CNY": ("yuan", "renminbi"),
    "RMB": ("yuan", "renminbi"),
    "CHF": ("swiss francs", "francs"),
    "INR": ("rupees", "indian rupees"),
    "AUD": ("australian dollars",),
    "CAD": ("canadian dollars",),
    "MXN": ("mexican pesos", "pesos"),
    "LAX": ("los angeles",),
    "JFK": ("new york", "nyc"),
    "LGA": ("new york", "nyc"),
    "EWR": ("newark", "new york"),
    "ORD": ("chicago",),
    "CDG": ("paris",),
    "LHR": ("london",),
    "HND": ("tokyo",),
    "NRT": ("tokyo",),
    "PEK": ("beijing",),
    "PVG": ("shanghai",),
    "HKG": ("hong kong",),
    "YYZ": ("toronto",),
    "IAD": ("washington",),
    "DCA": ("washington",),
    "FCO": ("rome",),
    "CIA": ("rome",),
    "DXB": ("dubai",),
    "NYC": ("new york",),
}
