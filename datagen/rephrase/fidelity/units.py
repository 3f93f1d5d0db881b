"""Units and how they are written: one canonical name per unit, with dimension and size.

Symbols are read as they are written, since mW is not MW; names, and symbols that no other unit has
in another case, in any case. Left out is what numbers stand before as a word more often than as a
unit ("a", "as", "at", "won", "kt", coulombs and farads without a prefix); "in" is an inch only
where no preposition can stand, "pm" is both.
"""

import re

_TABLE = """
length 1609.344 mile: mile miles mi
length 0.3048  ft: foot feet ft
length 0.0254  inch: inch inches
length 0.9144  yard: yard yards yd
length 1e-6    µm: micron microns
area 10000     ha: hectare hectares ha
area 4046.86   acre: acre acres
mass 1         kg: kilo kilos
mass 907.185   ton: ton tons
pound 1        pound: pound pounds lb lbs £ gbp
mass 0.0283495 ounce: ounce ounces oz
volume 3.78541 gallon: gallon gallons
volume 158.987 barrel: barrel barrels
time 60        min: minute minutes min mins
time 3600      h: hour hours hr hrs h
time 86400     day: day days
time 604800    week: week weeks
month 1        month: month months
month 12       year: year years yr yrs
month 120      decade: decade decades
month 1200     century: centuries
money 1        $: dollar dollars usd $
money 0.01     cent: cent cents
euro 1         €: euro euros eur €
yen 1          ¥: yen ¥
rupee 1        ₹: rupee rupees ₹
share 1        %: percent % pct
celsius 1      °C: celsius centigrade °c
fahrenheit 1   °F: fahrenheit °f
angle 1        °: degree degrees °
mmhg 1         mmHg: mmhg
speed 1        mph: mph
speed 1.609344 kmh: kph kmh
"""
_RARE = """
volume 0.473176 pint: pint pints
volume 0.946353 quart: quart quarts
spoon 1        teaspoon: teaspoon teaspoons tsp
spoon 3        tablespoon: tablespoon tablespoons tbsp
speed 1.150779 knot: knot knots
power 745.7    hp: horsepower hp
pressure 6894.757 psi: psi
pressure 101325 atm: atm atmospheres
pressure 133.322 torr: torr
parts 1        ppm: ppm
parts 0.001    ppb: ppb
turns 1        rpm: rpm
turns 60       rps: rps
level 1        dB: decibel decibels db
ruble 1        ruble: ruble rubles rouble roubles ₽
peso 1         peso: peso pesos
krona 1        krona: krona kronor
krone 1        krone: krone kroner
franc 1        franc: franc francs chf
lira 1         lira: lira liras lire
zloty 1        zloty: zloty zlotys
forint 1       forint: forint forints
dinar 1        dinar: dinar dinars
shekel 1       shekel: shekel shekels
shilling 1     shilling: shilling shillings
rupiah 1       rupiah: rupiah rupiahs
baht 1         baht: baht
guilder 1      guilder: guilder guilders
"""
_PREFIXES = {
    "T": ("tera", 1e12), "G": ("giga", 1e9), "M": ("mega", 1e6), "k": ("kilo", 1e3),
    "h": ("hecto", 1e2), "d": ("deci", 1e-1), "c": ("centi", 1e-2), "m": ("milli", 1e-3),
    "µ": ("micro", 1e-6), "n": ("nano", 1e-9), "p": ("pico", 1e-12), "f": ("femto", 1e-15),
}  # fmt: skip
_PREFIXED = """
length 1       m: metre metres meter meters; M k d c m µ n p f
mass 0.001     g: gram grams gramme grammes; M k c m µ n p f
mass 1000      t: tonne tonnes; G M
volume 1       l: litre litres liter liters; M h d c m µ n
time 1         s: second seconds sec secs; M m µ n p f
energy 1       J: joule joules; T G M k m µ n p
energy 4.184   cal: calorie calories; k
energy 3600    Wh: watthour watthours; T G M k m
ev 1           eV: electronvolt electronvolts; T G M k m
power 1        W: watt watts; T G M k m µ n p
potential 1    V: volt volts; M k m µ n
current 1      A: ampere amperes amp amps; M k m µ n p f
charge 1       Ah: amphour amphours; m
coulomb 1      C: coulomb coulombs; m µ n p
resistance 1   Ω: ohm ohms; G M k m µ
capacity 1     F: farad farads; m µ n p f
inductance 1   H: henry henries henrys; m µ n
conductance 1  S: siemens; m µ n
frequency 1    Hz: hertz; T G M k m
force 1        N: newton newtons; G M k m µ n p
pressure 1     Pa: pascal pascals; G M k h m µ
pressure 1e5   bar: bar bars; M k m
field 1        T: tesla teslas; m µ n
field 1e-4     G: gauss; m
dose 1         Sv: sievert sieverts; m µ n
absorbed 1     Gy: gray grays; k m µ
activity 1     Bq: becquerel becquerels; T G M k m
activity 3.7e10 Ci: curie curies; k m µ n p
temperature 1  K: kelvin kelvins; m µ n
mole 1         mol: mole moles; k m µ n p f
light 1        lm: lumen lumens; k m
light_on 1     lx: lux; k m
dalton 1       Da: dalton daltons; M k
distance 1     pc: parsec parsecs; G M k
data 1         B: byte bytes; T G M k
data 0.125     bit: bit bits; T G M k
rate 1         bps: bps; T G M k
"""
_ALONE = frozenset(
    "t J V A N T G K Ω m g l s W eV Wh Ah Hz Pa bar Sv Gy Bq mol lm lx Da bps".split()
)
"""Base symbols that are read without a prefix."""
_OTHER_SYMBOLS = {
    "Mb": "Mbit", "Gb": "Gbit", "mM": "mmol", "µM": "µmol", "nM": "nmol", "mcg": "µg", "KB": "kB",
    "L": "l", "MS": "", "PM": "", "cal": "cal", "us": "", "PA": "",
}  # fmt: skip
"""Symbols of their own → canonical unit; empty for what is none."""
_PREFERRED = {
    "mm": "mm", "mg": "mg", "ml": "ml", "ms": "ms", "mw": "MW", "mj": "MJ", "mv": "mV",
    "mpa": "MPa", "mhz": "MHz", "mb": "MB", "ma": "mA", "mbit": "Mbit", "kb": "kB", "gb": "GB",
    "mwh": "MWh", "mbps": "Mbps", "mev": "MeV", "w": "W", "m": "m", "g": "g", "l": "l", "s": "s",
    "km": "km", "cm": "cm", "nm": "nm", "µm": "µm", "μm": "µm", "kg": "kg", "kj": "kJ", "kw": "kW",
    "hz": "Hz", "µg": "µg", "μg": "µg", "kms": "km", "cal": "cal",
}  # fmt: skip
"""What a symbol in lower case means that several units share, as it is most often meant."""
_WORDS = frozenset(["gpa", "hpa", "pci", "nci", "mci", "mda"])
"""Acronyms that aren't read as a symbol in another case."""
_OFTEN_USED = frozenset(
    "mm cm m km nm µm g mg kg t l ml s ms J kJ MJ mJ kcal cal W mW kW MW V mV MV A Hz kHz Pa kPa"
    " MPa mPa B kB MB GB Mbit Gbit mol".split()
)
"""Prefixed units that are common: the others are often written out in a way that is not read."""

UNITS: dict[str, str] = {}
"""Name, or symbol that running text has in any case, lower case → canonical unit."""
SYMBOLS: dict[str, str] = {}
"""Symbol, as it is written → canonical unit."""
SIZES: dict[str, tuple[str, float]] = {}
"""Canonical unit → dimension and size in that dimension's base."""
ANY_CASE: dict[str, set[str]] = {}
"""Every form, lower case → the units that it may name."""
COMMON: set[str] = set()
"""Units that a rewrite may not bind to a number that its source has bare."""
NAMED: set[str] = set()
"""Names of units, lower case, that a capital makes no name of."""
ALIKE = {
    "mph": "mile", "kmh": "km", "psi": "pound", "mmHg": "mm", "Wh": "W", "kWh": "kW", "MWh": "MW",
    "GWh": "GW", "TWh": "TW", "Ah": "A", "mAh": "mA", "eV": "V",
}  # fmt: skip
"""Units that begin with another one where they are written out: miles per hour, kilowatt hours."""
_AN_INCH = re.compile(
    r"[.,;:)]|\s*$"
    r"|\s(?:long|wide|tall|high|deep|thick|across|of (?:rain|snow)|in diameter|by|[x×])\b"
)


def unit_of(written: str) -> str:
    """Canonical unit of a name or symbol as it is written, or empty."""
    known = SYMBOLS.get(written)
    return UNITS.get(written.lower(), "") if known is None else known


def is_inch(prose: str, end: int) -> bool:
    """True if an "in" behind a number that ends at `end` can be no preposition."""
    return _AN_INCH.match(prose, end) is not None


def _enter(dimension: str, size: float, unit: str, forms: list[str]) -> None:
    SIZES.setdefault(unit, (dimension, size))
    for form in forms:
        UNITS[form] = unit
        ANY_CASE.setdefault(form, set()).add(unit)


def _symbol(written: str, unit: str) -> None:
    for form in {written, written.replace("µ", "μ"), written.replace("µ", "u")}:
        for spelt in {form, form.replace("Ω", "\u2126"), form.replace("Ω", "ohm")}:
            SYMBOLS[spelt] = unit
            ANY_CASE.setdefault(spelt.lower(), set()).add(unit)
    if unit.endswith("l"):
        SYMBOLS[written[:-1] + "L"] = unit


def _fill() -> None:
    for table in (_TABLE, _RARE):
        for line in table.strip().splitlines():
            head, _, forms = line.partition(":")
            dimension, size, unit = head.split()
            _enter(dimension, float(size), unit, forms.split())
            if table is _TABLE:
                COMMON.add(unit)
                NAMED.update(forms.split())
    for line in _PREFIXED.strip().splitlines():
        head, _, rest = line.partition(":")
        names, _, prefixes = rest.partition(";")
        dimension, size, base = head.split()
        _enter(dimension, float(size), base, names.split())
        if base in _ALONE:
            _symbol(base, base)
        for sign in prefixes.split():
            prefix, factor = _PREFIXES[sign]
            unit = sign + base
            named = [prefix + name for name in names.split()]
            if base == "Ω":
                named += [prefix[:-1] + name for name in names.split()]  # kilohm
            _enter(dimension, float(size) * factor, unit, named)
            _symbol(unit, unit)
    SYMBOLS.update(_OTHER_SYMBOLS)
    for lower, units in ANY_CASE.items():
        if lower not in UNITS and lower not in _WORDS and len(units) == 1 and len(lower) > 2:
            UNITS[lower] = next(iter(units))
    UNITS.update(_PREFERRED)
    COMMON.update(_OFTEN_USED)
    NAMED.update(form for form, unit in UNITS.items() if unit in _OFTEN_USED)


_fill()
