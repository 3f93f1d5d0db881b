"""Words that believable values are made of."""

FIRST = (
    "Amara Boris Chloe Dmitri Elena Farid Greta Hugo Ines Jonas Keiko Luca Mina Noor Oskar Petra "
    "Quentin Rosa Samir Tilda Umar Vera Willem Ximena Yusuf Zelda Arjun Bianca Carlos Daphne "
    "Emeka Freya Gustav Hana Ivan Joana Kofi Leila Mateo Nadia"
).split()
LAST = (
    "Abbott Brandt Castillo Dupont Eriksen Farkas Greco Hansen Ivanov Jansen Kovacs Lindgren "
    "Moreau Novak Okafor Petrov Quist Rossi Schubert Tanaka Ueda Virtanen Weber Yildiz Zhang "
    "Adeyemi Bergman Costa Delgado Fischer Gupta Haddad Ibrahim Jovanovic Kim Larsen Mbeki"
).split()
CITIES = (
    "Lisbon Oslo Nairobi Osaka Bogota Ghent Turin Leeds Porto Graz Malmo Tallinn Seville Krakow "
    "Lyon Hobart Denver Quito Accra Izmir"
).split()
COUNTRIES = (
    "Portugal Norway Kenya Japan Colombia Belgium Italy Ireland Austria Sweden Estonia Spain "
    "Poland France Ghana Turkey Chile Canada"
).split()
STREETS = "Mill Harbour Station Orchard Church Park Bridge Garden Market Castle Lake Hill".split()
COMPANIES = (
    "Alder & Finch", "Northwind Traders", "Blue Heron Foods", "Kestrel Logistics",
    "Marble Arch Press", "Solstice Energy", "Tern Software", "Copperfield Tools",
    "Larkspur Clinics", "Granite Peak Outdoor", "Bluebell Bakery", "Harbour Light Shipping",
    "Oakridge Dental", "Silverline Travel", "Juniper Textiles",
)  # fmt: skip
DEPARTMENTS = "Sales Finance Logistics Marketing Research Support Legal Operations Design".split()
ROLES = "analyst designer manager engineer accountant editor coordinator technician".split()
TASKS = (
    "Fix the login page", "Order new badges", "Review the supplier contract",
    "Update the price list", "Prepare the tax papers", "Clean up the archive", "Call the landlord",
    "Translate the handbook", "Check the fire alarms", "Renew the domain",
    "Write the release notes", "Plan the team lunch", "Repair the door sensor",
    "Sort the incoming mail", "Test the backup", "Draft the newsletter",
    "Collect the expense reports", "Replace the meeting room screen", "Migrate the mailing list",
    "Interview the two finalists",
)  # fmt: skip
EVENTS = (
    "Budget review", "Spring offsite", "Design critique", "Safety briefing", "Product demo",
    "Board meeting", "Welcome breakfast", "Quarterly planning", "Dental check-up",
    "Choir rehearsal", "Parents' evening", "Warehouse tour", "Photography workshop", "Book club",
    "Piano lesson", "Vaccination day", "Hiring panel", "Open house",
)  # fmt: skip
DOCUMENTS = (
    "Onboarding guide", "Travel policy", "Packing list", "Meeting minutes", "Style guide",
    "Recipe collection", "Quarterly figures", "House rules", "Training plan", "Press kit",
    "Field notes", "Reading list", "Floor plan", "Safety manual", "Interview questions",
    "Project charter", "Holiday calendar", "Glossary of terms",
)  # fmt: skip
PRODUCTS = (
    "Walnut desk lamp", "Canvas tote bag", "Ceramic teapot", "Wool blanket", "Steel water bottle",
    "Oak bookshelf", "Linen apron", "Travel adapter", "Garden hose", "Noise-free fan",
    "Leather notebook", "Bamboo tray", "Camping stove", "Desk organiser", "Cork board",
    "Cotton hammock", "Espresso grinder", "Folding chair",
)  # fmt: skip
PROJECTS = (
    "Website relaunch", "Office move", "Loyalty programme", "Solar roof", "Data clean-up",
    "Mobile app", "Supplier audit", "Customer survey", "Archive digitisation", "Night bus",
    "Green courtyard", "Training academy", "Spare parts shop", "Museum guide", "River walk",
    "Payroll switch",
)  # fmt: skip
GROUPS = (
    "Weekend runners", "Night shift", "Product team", "Field staff", "Beta testers", "Garden club",
    "Finance circle", "Regional leads", "First aiders", "Alumni", "Front desk", "Kitchen crew",
    "Volunteers", "Press contacts", "Key accounts", "New joiners",
)  # fmt: skip
PLACES = (
    "Harbour Hall", "Old Mill", "North Depot", "Riverside Studio", "Garden House",
    "Lighthouse Room", "Central Warehouse", "Station Annex", "Hilltop Lodge", "Market Pavilion",
    "East Gallery", "Quay Office", "Orchard Barn", "Clock Tower", "Canal Workshop",
)  # fmt: skip
SYSTEMS = (
    "atlas-web", "north-gateway", "billing-worker", "mail-relay", "orders-api", "search-index",
    "photo-store", "audit-log", "edge-cache", "report-builder", "login-service", "sensor-hub",
    "stock-sync", "queue-runner", "map-tiles",
)  # fmt: skip
WORKS = (
    "The Quiet Harbour", "Copper Orchard", "A Lantern for Ana", "Paper Mountains",
    "The Last Clockmaker", "Northern Letters", "Salted Roads", "The Glass Meadow",
    "Winter Compass", "Second Railway", "Hollow Garden", "Amber Cathedral", "Hidden Islands",
    "Wandering Light", "The Blue Ferry",
)  # fmt: skip
TAGS = (
    "urgent billing draft internal travel follow-up legal archive design spring quality safety "
    "finance training seasonal customer"
).split()
CATEGORIES = (
    "general equipment services training travel supplies research maintenance events outreach"
).split()
SENTENCES = (
    "Please keep the original receipts", "The side entrance is open until six",
    "Bring the signed form along", "The parts arrive on Thursday", "Ask at the front desk first",
    "The old version stays available", "Two people have to sign", "Keep it in the blue folder",
    "The figures are still provisional", "Everyone got the new address",
    "The heating is off at weekends", "Use the short form here", "The keys are with the porter",
    "A reply is due within a week", "The samples are in the fridge", "It replaces the paper list",
)  # fmt: skip
QUESTIONS = (
    "Where do I find the invoice?", "How long does delivery take?", "Who signs the contract?",
    "Which form do I need?", "When does the course start?", "Can the date be moved?",
    "How do I change my address?", "What does the warranty cover?",
)  # fmt: skip
REASONS = (
    "it was entered twice", "the customer changed their mind", "the date no longer works",
    "it is out of stock", "the budget was cut", "someone else took it over",
)  # fmt: skip
ADJECTIVES = (
    "Quiet Copper Hidden Northern Salted Paper Glass Wandering Hollow Amber Silver Crimson "
    "Gentle Bright Velvet"
).split()
NOUNS = (
    "Harbour Orchard Lantern Compass Garden Meadow Island Letter Mountain Ferry Window Falcon "
    "Maple River Anchor Bell"
).split()
REGIONS = "North South East West Coast Highlands".split()
COLOURS = "red blue green yellow orange purple white black grey teal".split()
LANGUAGES = "English Spanish French German Portuguese Japanese Polish Swahili".split()
CURRENCIES = "EUR USD GBP CHF SEK NOK JPY CAD".split()
TICKERS = "ACME NRTH KSTL TERN SOLE LARK GRNT BLHR COPR JNPR QUAY ALDR".split()
COINS = "BTC ETH SOL ADA DOT XRP LTC AVAX LINK ATOM".split()
TYPES = "standard basic premium custom internal external".split()
STATES = "open in_progress done".split()
PRIORITIES = "low medium high".split()
DEVICES = "desk sensor camera printer scanner router tablet projector thermostat".split()
EXTENSIONS = "md txt csv pdf docx json".split()
