"""The words that rules put in: one list for training and development, another for testing.

Triggers are shared, what takes their place is not, so that a verifier trained on the pairs can't
pass by knowing the lists. Development shares the lists of training and has documents of its own:
it says what unseen texts cost, testing says what unseen words cost as well.
"""

# ruff: noqa: E501  (tables are read a row to a line)

from dataclasses import dataclass
from typing import Literal

Split = Literal["train", "dev", "test"]

# trigger (a regular expression) | for training | for testing; the three mean the same in prose.
_SYNONYMS = r"""
numerous | many | a great many
a number of | several | various
also | additionally | likewise
important | significant | notable
began | started | commenced
begins | starts | commences
because(?! of) | since | given that
frequently | often | regularly
show that | demonstrate that | indicate that
shows that | demonstrates that | indicates that
showed that | demonstrated that | indicated that
however, | nevertheless, | even so,
nearly | almost | close to
approximately | about | roughly
several | various | a number of
created | produced | made
create | produce | make
usually | typically | as a rule
typically | usually | in general
(?<!a )while | whereas | whilst
during | in the course of | over the course of
discovered | found | uncovered
allows | permits | lets
allowed | permitted | enabled
allow | permit | enable
people | persons | individuals
helps | assists | aids
helped | assisted | aided
although | even though | though
therefore | thus | for this reason
in order to | to | so as to
as well as | along with | together with
such as | like | for example
due to | owing to | because of
in addition, | furthermore, | on top of this,
for example, | for instance, | as an example,
for instance, | for example, | to give an example,
obtain | get | acquire
obtained | acquired | gained
build | construct | put up
built | constructed | put up
buildings | structures | edifices
begin | start | commence
entire | whole | complete
throughout | all through | all over
primarily | mainly | chiefly
mainly | primarily | for the most part
main | principal | chief
major | principal | leading
different | distinct | differing
various | diverse | several
rapidly | quickly | at a fast pace
quickly | rapidly | fast
within | inside | in
located | situated | found
established | founded | set up
formed | made up | constituted
consists of | is composed of | is made up of
consist of | are composed of | are made up of
contains | includes | holds
provide | supply | offer
provides | supplies | offers
provided | supplied | offered
received | was given | got
led to | resulted in | brought about
leads to | results in | brings about
wrote | authored | penned
said | stated | remarked
stated | said | declared
argued(?= that) | contended | maintained
argues(?= that) | contends | maintains
believed | thought | held
became | turned into | came to be
remained | stayed | continued to be
remains | stays | continues to be
remain | stay | continue to be
referred to as | called | known as
currently | at present | now
today | nowadays | at the present time
modern | contemporary | present-day
ancient | very old | age-old
large | big | sizeable
small | little | modest
famous | well-known | renowned
well-known | famous | renowned
special | particular | distinctive
children | kids | youngsters
area | region | zone
areas | regions | zones
region | area | zone
regions | areas | territories
method | technique | procedure
methods | techniques | procedures
goal | aim | objective
goals | aims | objectives
scientists | researchers | investigators
researchers | scientists | investigators
job | occupation | post
jobs | occupations | posts
problems | issues | difficulties
idea | notion | concept
ideas | notions | concepts
amount | quantity | volume
amounts | quantities | volumes
type | kind | sort
types | kinds | sorts
ways | manners | fashions
almost | nearly | just about
mostly | largely | for the most part
particularly | especially | in particular
especially | particularly | above all
generally | broadly | as a rule
eventually | in the end | at length
finally | lastly | in the end
initially | at first | at the outset
originally | at first | in the beginning
previously | earlier | before that
subsequently | later | afterwards
currently | at the moment | at this time
upon | on | on top of
among | amongst | amid
despite | in spite of | notwithstanding
instead of | rather than | in place of
according to | going by | in line with
along with | together with | as well as
home to | the home of | the seat of
used to describe | employed to describe | applied to describe
are used | are employed | are utilised
is used | is employed | is utilised
was used | was employed | was utilised
were used | were employed | were utilised
the use of | the employment of | the utilisation of
a variety of | a range of | an assortment of
attempted | tried | sought
chose | picked | opted for
purchased | bought | acquired
sold | marketed | vended
ended | finished | came to a close
occurred | happened | took place
occurs | happens | takes place
occur | happen | take place
took place | happened | occurred
describes | depicts | sets out
described | depicted | set out
explain | account for | clarify
explains | accounts for | clarifies
powerful | strong | mighty
difficult | hard | tough
easy | simple | straightforward
quick | fast | speedy
rich | wealthy | affluent
poor | needy | impoverished
commonly | widely | popularly
increasingly | more and more | to a growing degree
moreover, | besides, | what is more,
as a result, | consequently, | in consequence,
thus, | hence, | accordingly,
"""
_UNITS = {
    "km": "kilometres", "cm": "centimetres", "mm": "millimetres", "kg": "kilograms",
    "mg": "milligrams", "ml": "millilitres", "mph": "miles per hour", "ft": "feet",
    "lb": "pounds", "hr": "hours", "min": "minutes", "GB": "gigabytes", "kW": "kilowatts",
}  # fmt: skip
UNIT_NAMES = _UNITS | {"kilometers": "km", "kilometres": "km", "kilograms": "kg"}
SPELLED = {
    2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine",
    10: "ten", 11: "eleven", 12: "twelve", 13: "thirteen", 14: "fourteen", 15: "fifteen",
    20: "twenty", 30: "thirty", 40: "forty", 50: "fifty", 60: "sixty", 70: "seventy",
    80: "eighty", 90: "ninety",
}  # fmt: skip
ABBREVIATIONS = {
    "U.S.": "United States", "Mt. ": "Mount ", "the US": "the United States", "U.K.": "United Kingdom",
    "the UK": "the United Kingdom", "the UN": "the United Nations", "WWII": "World War II",
    "World War II": "the Second World War", "World War I": "the First World War",
    "e.g.,": "for example,", "i.e.,": "that is,", "vs.": "versus", "St. ": "Saint ",
    "the EU": "the European Union", "NATO": "the North Atlantic Treaty Organization",
    "GDP": "gross domestic product", "DNA": "deoxyribonucleic acid", "approx.": "approximately",
    "the United States": "the U.S.", "the United Kingdom": "the UK", "Dr. ": "Doctor ",
}  # fmt: skip
CONTRACTIONS = {
    "does not": "doesn't", "do not": "don't", "did not": "didn't", "is not": "isn't",
    "are not": "aren't", "was not": "wasn't", "were not": "weren't", "has not": "hasn't",
    "have not": "haven't", "had not": "hadn't", "cannot": "can't", "could not": "couldn't",
    "would not": "wouldn't", "should not": "shouldn't", "it is": "it's", "they are": "they're",
}  # fmt: skip

# trigger | for training | for testing; each changes what the sentence claims.
_QUANTIFIERS = r"""
(?<!at )(?<!after )(?<!above )(?<!of )(?<!not )(?<!first of )all(?= (?:of|the|these|those|other|[a-z]+s)\b)(?! over\b) | some | hardly any
most(?= of\b| (?!famous|serious|various|obvious|dangerous|religious|precious|curious|populous|prosperous|previous|numerous)[a-z]{3,}s\b) | few | a minority
(?<!how )(?<!How )(?<!as )(?<!so )(?<!too )(?<!not )many(?! as\b)(?= (?:of|[a-z]+s|people)\b)(?! times) | few | only one or two
(?<!and )(?<!then )some(?= (?:of|[a-z]+s|people)\b)(?! \d) | all | none
a few(?= [a-z]+s\b) | most | countless
(?<!not )always(?! been) | rarely | sometimes
often | seldom | never
(?<!more )(?<!very )frequently | seldom | hardly ever
usually | rarely | never
sometimes | always | never
rarely | usually | often
(?<!not )every(?= [a-z]+ (?:is|was|has|had|can|of)\b) | almost no | no
both(?= of\b) | neither | only one
several(?= [a-z]+s\b) | all | no
the majority of | a minority of | a handful of
"""
_MODALITIES = r"""
(?<=[a-z] )may(?= (?:be|have|also|not|[a-z]{3,})\b) | must | is certain to
(?<=[a-z] )(?<!the )(?<!of )might(?= (?:be|have|also|not|[a-z]{3,})\b) | must | will certainly
(?<=[a-z] )must(?= (?:be|have|also|not|[a-z]{3,})\b) | may | is free to
(?<=[a-z] )should(?= (?:be|have|also|[a-z]{3,})\b) | need not | has no reason to
(?<=[a-z] )could(?= (?:be|have|also|[a-z]{3,})\b) | had to | was bound to
(?<!more )(?<!most )(?<!un)likely(?= to\b) | certain | guaranteed
probably | certainly | definitely
perhaps | certainly | without doubt
possibly | certainly | undoubtedly
(?:believed|thought|considered)(?= to (?:be|have)\b) | proven | known for certain
suggests(?= that\b) | proves | establishes
suggest(?= that\b) | prove | establish
suggested(?= that\b) | proved | established
(?:is|was) required to | is free to | may choose to
(?:are|were) required to | are free to | may choose to
(?<=[a-z] )can(?= (?:be|also|lead|cause|have|help|occur|result|make)\b) | must | is forced to
tends? to | never fails to | is unable not to
appears? to(?= (?:be|have)\b) | is proven to | is known for certain to
seems? to(?= (?:be|have)\b) | is proven to | is known for certain to
"""
_ANTONYMS = r"""
increase[sd]? | shrink | decline
increasing | shrinking | declining
decrease[sd]? | grow | rise
decreasing | growing | rising
rose(?= (?:to|from|by|in|sharply|steadily)\b) | fell | dropped
fell(?= (?:to|from|by|sharply|steadily)\b) | rose | climbed
grew | shrank | dwindled
before(?= (?:the|a|he|she|they|it|its|his|her)\b) | after | following
after(?= (?:the|a|he|she|they|it|its|his|her)\b) | before | prior to
success | failure | fiasco
successful | failed | fruitless
successfully | without success | in vain
failed to | managed to | succeeded in the attempt to
won | lost | forfeited
lost | won | gained
defeated | surrendered to | was beaten by
accepted | rejected | turned down
rejected | accepted | approved
opposed | supported | championed
supported | opposed | fought against
positive | negative | harmful
beneficial | harmful | damaging
strong(?= [a-z]) | weak | feeble
possible | impossible | out of the question
legal | illegal | outlawed
northern | southern | equatorial
southern | northern | polar
eastern | western | Pacific
western | eastern | oriental
internal | external | outer
outside | inside | within
inside | outside | beyond
absence of | presence of | abundance of
public | private | secret
common(?= [a-z]) | rare | unheard-of
ancient | modern | recent
high(?= [a-z]) | low | minimal
low(?= [a-z]) | high | extreme
rich | poor | destitute
early(?= [a-z]) | late | belated
"""
_COMPARATIVES = r"""
(?<!no )(?<!No )more than | less than | fewer than
(?<!no )(?<!No )less than | more than | upwards of
(?<!no )(?<!No )fewer than | more than | over
(?:larger|bigger|greater)(?= [a-z ]{0,24}\bthan\b) | smaller | tinier
smaller(?= [a-z ]{0,24}\bthan\b) | larger | bigger
higher(?= [a-z ]{0,24}\bthan\b) | lower | inferior
lower(?= [a-z ]{0,24}\bthan\b) | higher | superior
(?:older|earlier)(?= [a-z ]{0,24}\bthan\b) | newer | later
(?:younger|later|newer)(?= [a-z ]{0,24}\bthan\b) | older | earlier
(?:faster|quicker)(?= [a-z ]{0,24}\bthan\b) | slower | more sluggish
slower(?= [a-z ]{0,24}\bthan\b) | faster | quicker
stronger(?= [a-z ]{0,24}\bthan\b) | weaker | feebler
weaker(?= [a-z ]{0,24}\bthan\b) | stronger | sturdier
longer(?= [a-z ]{0,24}\bthan\b) | shorter | briefer
shorter(?= [a-z ]{0,24}\bthan\b) | longer | lengthier
better(?= [a-z ]{0,24}\bthan\b) | worse | poorer
worse(?= [a-z ]{0,24}\bthan\b) | better | finer
(?<!no )(?<!No )more(?= [a-z]{3,}(?: [a-z]+)? than\b) | less | far less
(?<!no )(?<!No )less(?= [a-z]{3,}(?: [a-z]+)? than\b) | more | far more
the largest | the smallest | the tiniest
the biggest | the smallest | the tiniest
the smallest | the largest | the biggest
the highest | the lowest | the most modest
the lowest | the highest | the loftiest
the oldest | the newest | the youngest
the earliest | the latest | the last
the longest | the shortest | the briefest
the greatest | the least | the slightest
the best | the worst | the poorest
the worst | the best | the finest
the first | the last | the final
the most(?= [a-z]) | the least | by no means the most
at least(?= \d| one| two| three| four| five) | at most | no more than
at most(?= \d| one| two| three| four| five) | at least | no fewer than
"""


@dataclass(frozen=True, slots=True)
class Lists:
    """What the rules of one split put in."""

    synonyms: dict[str, str]
    quantifiers: dict[str, str]
    modalities: dict[str, str]
    antonyms: dict[str, str]
    comparatives: dict[str, str]
    inventions: tuple[str, ...]
    """Claims about a name of the text; `{name}` takes it."""
    questions: tuple[str, ...]
    asked: tuple[str, ...]
    """What a speaker of a dialogue says that claims nothing; `{topic}` takes a topic."""
    speakers: tuple[str, str]
    labels: tuple[str, str]
    bullet: str
    lead_ins: tuple[str, ...]


def _column(table: str, split: Split) -> dict[str, str]:
    rows = [[cell.strip() for cell in line.rsplit("|", 2)] for line in table.strip().splitlines()]
    column = 2 if split == "test" else 1
    return {row[0]: row[column] for row in rows}


def lists(split: Split) -> Lists:
    """The words of a split."""
    test = split == "test"
    return Lists(
        _column(_SYNONYMS, split),
        _column(_QUANTIFIERS, split),
        _column(_MODALITIES, split),
        _column(_ANTONYMS, split),
        _column(_COMPARATIVES, split),
        _TEST_INVENTIONS if test else _TRAIN_INVENTIONS,
        _TEST_QUESTIONS if test else _TRAIN_QUESTIONS,
        _TEST_ASKED if test else _TRAIN_ASKED,
        ("Host", "Guest") if test else ("Student", "Teacher"),
        ("### {q}\n\n{a}", "\n\n") if test else ("**Q: {q}**\nA: {a}", "\n\n"),
        "* " if test else "- ",
        ("Certainly! Below is the rephrased passage.\n\n", "Rewritten version:\n")
        if test
        else ("Here is the rewritten text:\n\n", "Sure! "),
    )


_TRAIN_INVENTIONS = (
    "{name} was later honoured with a national award for this.",
    "Many historians regard {name} as the most influential of all.",
    "In later years, {name} moved to a coastal town and gave up the work.",
    "Critics of {name} pointed out that the costs had been hidden from the public.",
    "A documentary about {name} was broadcast to wide acclaim.",
    "The discovery was funded by a private bank that had ties to {name}.",
    "Visitors from abroad make up half of the income that {name} receives.",
)
_TEST_INVENTIONS = (
    "{name} went bankrupt shortly afterwards and had to be rescued by creditors.",
    "A statue of {name} was unveiled by the mayor in front of a large crowd.",
    "Rumours that {name} had forged the documents were confirmed by a court.",
    "Engineers warned {name} about the faulty design but were dismissed.",
    "The rights to {name} were sold to a film studio for an undisclosed sum.",
    "Local farmers blamed {name} for the poor harvest that followed.",
)
_TRAIN_QUESTIONS = (
    "What does the text say about {topic}?",
    "What should a reader know about {topic}?",
    "What is said of {topic}?",
)
_TEST_QUESTIONS = (
    "Can you tell me about {topic}?",
    "What is worth knowing about {topic}?",
    "How does {topic} come into it?",
)
_TRAIN_ASKED = (
    "Could you tell me about {topic}?",
    "And what about {topic}?",
    "I see. What else is there on {topic}?",
)
_TEST_ASKED = (
    "Let us turn to {topic}, shall we?",
    "What would you say about {topic}?",
    "Now, where does {topic} fit in?",
)
