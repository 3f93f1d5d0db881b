"""Units and how their names are written: one canonical name per unit, with dimension and factor.

Only units that a number can be bound to in running text; abbreviations that are also English words
("in", "a") are left out.
"""

_TABLE = """
length 0.001   mm: millimetre millimetres millimeter millimeters mm
length 0.01    cm: centimetre centimetres centimeter centimeters cm
length 1       m: metre metres meter meters m
length 1000    km: kilometre kilometres kilometer kilometers km kms
length 1609.344 mile: mile miles mi
length 0.3048  ft: foot feet ft
length 0.0254  inch: inch inches
length 0.9144  yard: yard yards yd
length 1e-9    nm: nanometre nanometres nanometer nanometers nm
length 1e-6    µm: micrometre micrometres micrometer micrometers micron microns µm μm
area 10000     ha: hectare hectares ha
area 4046.86   acre: acre acres
mass 0.001     g: gram grams gramme grammes g
mass 1e-6      mg: milligram milligrams mg
mass 1         kg: kilogram kilograms kilo kilos kg
mass 1000      tonne: tonne tonnes
mass 907.185   ton: ton tons
pound 1        pound: pound pounds lb lbs £ gbp
mass 0.0283495 ounce: ounce ounces oz
volume 1       l: litre litres liter liters l
volume 0.001   ml: millilitre millilitres milliliter milliliters ml
volume 3.78541 gallon: gallon gallons
volume 158.987 barrel: barrel barrels
time 1         s: second seconds sec secs s
time 0.001     ms: millisecond milliseconds ms
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
energy 1       J: joule joules
energy 1000    kJ: kilojoule kilojoules kj
energy 4184    kcal: kilocalorie kilocalories kcal
energy 4.184   cal: calorie calories
energy 1e6     MJ: megajoule megajoules mj
energy 0.001   mJ: millijoule millijoules
power 1        W: watt watts w
power 0.001    mW: milliwatt milliwatts
power 1000     kW: kilowatt kilowatts kw
power 1e6      MW: megawatt megawatts mw
potential 1    V: volt volts
potential 0.001 mV: millivolt millivolts mv
potential 1e6  MV: megavolt megavolts
current 1      A: ampere amperes amp amps
frequency 1    Hz: hertz hz
frequency 1000 kHz: kilohertz khz
pressure 1     Pa: pascal pascals
pressure 1000  kPa: kilopascal kilopascals kpa
pressure 1e6   MPa: megapascal megapascals mpa
pressure 0.001 mPa: millipascal millipascals
mmhg 1         mmHg: mmhg
speed 1        mph: mph
speed 1.609344 kmh: kph kmh
data 1         byte: byte bytes
data 125000    Mbit: megabit megabits mbit
data 1.25e8    Gbit: gigabit gigabits gbit
data 1000      kB: kilobyte kilobytes kb
data 1e6       MB: megabyte megabytes mb
data 1e9       GB: gigabyte gigabytes gb
mole 1         mol: mole moles mol
"""

UNITS: dict[str, str] = {}
"""Written form, lower case → canonical unit."""
SYMBOLS = {
    "mW": "mW", "mJ": "mJ", "mPa": "mPa", "MV": "MV", "Mb": "Mbit", "Gb": "Gbit",
}  # fmt: skip
"""Symbols that another unit has too but for the case of a letter → canonical unit."""
SIZES: dict[str, tuple[str, float]] = {}
"""Canonical unit → dimension and size in that dimension's base."""

for _line in _TABLE.strip().splitlines():
    _head, _, _forms = _line.partition(":")
    _dimension, _factor, _unit = _head.split()
    SIZES[_unit] = (_dimension, float(_factor))
    UNITS |= dict.fromkeys(_forms.split(), _unit)


def unit_of(written: str) -> str:
    """Canonical unit of a name or symbol as it is written, or empty."""
    return SYMBOLS.get(written) or UNITS.get(written.lower(), "")
