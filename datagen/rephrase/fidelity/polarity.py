"""Words that turn a claim around: negations, opposites, quantifiers, modality.

Opposites are kept as axes: two words of one axis on different sides contradict each other wherever
the rest of the sentence is the same. A list never ends; what it lacks is left to the verifier.
Lists are our own. English only.
"""

from functools import lru_cache

_NEGATIONS = """
    not no never neither nor none nobody nothing nowhere cannot without hardly scarcely barely
    dont doesnt didnt isnt arent wasnt werent hasnt havent hadnt cant couldnt wont wouldnt shouldnt
    mustnt neednt aint fails failed fail failing lack lacks lacked lacking unable refused refuses
    refuse declined denied denies deny rather instead except
"""
NEGATIONS = frozenset(_NEGATIONS.split())
"""Words that deny, apostrophes left out."""
_HARD_NEGATIONS = """
    not no never neither nor none nobody nothing cannot dont doesnt didnt isnt arent wasnt werent
    hasnt havent hadnt cant couldnt wont wouldnt shouldnt mustnt neednt aint
"""
HARD_NEGATIONS = frozenset(_HARD_NEGATIONS.split())

_AXES = """
increase increases increased increasing rise rises rose risen rising grow grows grew grown growing growth climb climbed expand expands expanded expanding expansion | decrease decreases decreased decreasing decline declines declined declining fall falls fell fallen falling drop dropped drops shrink shrinks shrank shrinking dwindle dwindled reduce reduces reduced reduction contract contraction
raise raises raised raising | lower lowers lowered lowering cut
high higher highest | low lower lowest
large larger largest big bigger biggest great greater greatest huge | small smaller smallest little tiny tinier tiniest minor
long longer longest lengthy | short shorter shortest brief
old older oldest ancient | new newer newest young younger youngest modern recent
early earlier earliest | late later latest
first | last final
before prior preceding | after following later subsequently afterwards
above over | below under beneath
more | less fewer
most | least fewest
many numerous | few
best better good | worst worse bad poor
strong stronger strongest powerful | weak weaker weakest feeble
fast faster fastest quick quickly rapid rapidly | slow slower slowest slowly gradual gradually
hot hotter hottest warm warmer | cold colder coldest cool cooler
rich richer wealthy affluent | poor poorer destitute impoverished
easy easier easily simple simpler | difficult harder hard complex complicated
heavy heavier | light lighter
wide wider broad broader | narrow narrower
deep deeper | shallow
thick thicker | thin thinner
bright brighter | dark darker dim
full | empty
open opened opens | closed close shut closes
begin begins began begun beginning start starts started commence | end ends ended ending finish finished stop stopped cease ceased
win wins won winning victory | lose loses lost losing defeat
success successful successfully succeed succeeded | failure failed unsuccessful unsuccessfully fail fruitless
accept accepts accepted accepting approve approved approves | reject rejects rejected rejecting refuse refused decline declined deny denied
support supports supported supporting favor favored favour favoured | oppose opposes opposed opposing against
agree agrees agreed | disagree disagrees disagreed
allow allows allowed permit permits permitted enable enables enabled | forbid forbids forbade forbidden prohibit prohibits prohibited ban banned prevent prevents prevented block blocked
legal lawful legally | illegal unlawful illegally outlawed
include includes included including | exclude excludes excluded excluding
gain gains gained | lose loses lost
buy buys bought purchase purchased | sell sells sold
join joined joins enter entered | leave leaves left quit
arrive arrived arrives | depart departed departs leave left
attack attacked attacks | defend defended defends
love loved loves like liked | hate hated hates dislike disliked
remember remembered | forget forgot forgotten
positive positively beneficial helpful | negative negatively harmful detrimental damaging
good benefit benefits | bad harm harms
possible possibly | impossible
likely | unlikely
common commonly usual frequent frequently often widespread | rare rarely uncommon unusual infrequent seldom
always | never sometimes occasionally rarely
usually typically generally often | rarely seldom never hardly
all every each entire whole | none some partial partially no
both | neither
everyone everybody | nobody no-one
majority | minority
at-least minimum | at-most maximum
internal internally inner inside within interior | external externally outer outside exterior
north northern northward | south southern southward
east eastern eastward | west western westward
left | right
public publicly | private privately secret
male man men boy father son husband brother king | female woman women girl mother daughter wife sister queen
presence present | absence absent
alive living life | dead dying death
true truth correct correctly right accurate | false falsehood incorrect incorrectly wrong inaccurate
similar same identical alike | different dissimilar distinct unlike
necessary essential required mandatory compulsory | unnecessary optional voluntary
permanent permanently | temporary temporarily
major main primary principal | minor secondary
maximum maximal | minimum minimal
active actively | passive inactive
natural | artificial synthetic
urban city | rural countryside
domestic native | foreign imported
import imports imported | export exports exported
advantage advantages strength strengths | disadvantage disadvantages drawback drawbacks weakness
safe safer safely secure | dangerous unsafe risky hazardous
happy happily glad | unhappy sad sadly
cheap inexpensive affordable cheaper | expensive costly
simple | complex
direct directly | indirect indirectly
visible | invisible hidden
known famous well-known | unknown obscure
popular | unpopular
formal | informal
guilty convicted | innocent acquitted
peace peaceful peacefully | war violent violently
friend friends ally allies | enemy enemies rival rivals
create creates created build built construct constructed establish established | destroy destroys destroyed demolish demolished abolish abolished dissolve dissolved
add adds added adding | remove removes removed removing subtract
connect connected attach attached | disconnect disconnected separate separated detach
unite united merge merged | divide divided split separated
improve improves improved improvement | worsen worsens worsened deteriorate deteriorated
encourage encourages encouraged promote promotes promoted | discourage discourages discouraged hinder hinders hindered
confirm confirmed confirms prove proved proven proves | disprove disproved refute refuted
appear appeared appears | disappear disappeared disappears vanish vanished
upper top | lower bottom
front | back rear
day daytime | night nighttime
summer | winter
morning | evening
increase upward | downward
wet moist humid | dry arid
hard rigid | soft flexible
solid | liquid gas
sufficient enough adequate | insufficient inadequate
complete completely fully entirely | incomplete partly partially
equal equally | unequal unequally
democratic democracy | authoritarian dictatorship autocratic
conservative | liberal progressive
voluntary voluntarily willing willingly | forced involuntary reluctant reluctantly unwilling
optimistic hopeful | pessimistic hopeless
innovative | traditional conventional
abundant abundance plentiful | scarce scarcity shortage
profit profits profitable | loss losses unprofitable
employ employed hire hired | dismiss dismissed fire fired
praise praised praises | criticize criticized criticise criticised condemned
ascend ascended | descend descended
acidic acid | alkaline basic
positive positively | neutral
parent parents | child children offspring
teacher teachers | student students pupil pupils
doctor | patient
employer | employee
predator predators | prey
cause causes caused | effect effects result
encode | decode
absorb absorbs absorbed | emit emits emitted release releases released
proximal | distal
anterior | posterior
dorsal | ventral
superior | inferior
systolic | diastolic
aerobic | anaerobic
voluntary | compulsory
""".strip()  # noqa: E501

_CERTAIN = (
    "must will shall certainly definitely undoubtedly always proven proved prove proves certain "
    "guaranteed required clearly"
)
CERTAIN = frozenset(_CERTAIN.split())
_POSSIBLE = (
    "may might could can possibly perhaps probably likely maybe potentially allegedly reportedly "
    "suggests suggest suggested appears appear seems seem believed thought supposedly should "
    "estimated sometimes"
)
POSSIBLE = frozenset(_POSSIBLE.split())


def _read() -> dict[str, frozenset[tuple[int, int]]]:
    places: dict[str, set[tuple[int, int]]] = {}
    for axis, line in enumerate(_AXES.splitlines()):
        for side, words in enumerate(line.split("|")):
            for word in words.split():
                places.setdefault(word, set()).add((axis, side))
    return {word: frozenset(found) for word, found in places.items()}


OPPOSITES = _read()
"""Where a word stands: (axis, side) pairs."""
_PREFIXES = ("un", "in", "im", "il", "ir", "dis", "non", "anti", "mis")


@lru_cache(maxsize=1 << 15)
def opposite(one: str, other: str) -> bool:
    """True if two words, lower case, stand on different sides of an axis, or one denies the other
    with a prefix."""
    mine, theirs = OPPOSITES.get(one), OPPOSITES.get(other)
    if mine and theirs and any((axis, 1 - side) in theirs for axis, side in mine):
        return not mine & theirs
    short, long = sorted((one, other), key=len)
    return len(short) > 4 and any(long == prefix + short for prefix in _PREFIXES)


@lru_cache(maxsize=1 << 15)
def partners(word: str) -> frozenset[str]:
    """Every word on the other side of an axis that `word` stands on."""
    mine = OPPOSITES.get(word, frozenset())
    wanted = {(axis, 1 - side) for axis, side in mine}
    return frozenset(
        other for other, places in OPPOSITES.items() if places & wanted and not places & mine
    )


_SCALES = """
none no neither nobody nothing | few handful hardly-any little minority | some several certain part partly various couple | many numerous much countless lots plenty | most mostly majority largely mainly primarily chiefly principal | all every each entire entirely whole both everyone always-all completely fully total
never | rarely seldom hardly scarcely infrequently | sometimes occasionally | often frequently regularly commonly widely | usually typically generally normally ordinarily mostly | always invariably constantly permanently
impossible cannot cant | unlikely doubtful | may might could possibly perhaps maybe can possible | likely probably appears appear seems seem tends tend suggests suggest suggested believed thought considered reportedly | will certainly definitely undoubtedly certain sure proven proves prove proved guaranteed establishes known | must required obliged forced need needs has-to
forbidden prohibited banned | optional free voluntary allowed permitted may can | should advised recommended ought | must required compulsory obliged forced mandatory
less fewer under below | about around approximately roughly nearly almost | exactly precisely | more over above upwards exceeding
last final latest | second | third | first earliest
smallest least lowest fewest shortest worst tiniest youngest newest slowest weakest | largest most highest greatest biggest longest best oldest fastest strongest
smaller less lower fewer shorter worse younger newer slower weaker | larger more higher greater bigger longer better older faster stronger
""".strip()  # noqa: E501
DEGREES: dict[str, dict[int, int]] = {}
"""Word → its level on each scale that it stands on."""
for _scale, _line in enumerate(_SCALES.splitlines()):
    for _level, _words in enumerate(_line.split("|")):
        for _word in _words.split():
            DEGREES.setdefault(_word, {})[_scale] = _level


def degrees(mine: frozenset[str], theirs: frozenset[str]) -> float:
    """How far the claim's degree words stand from those that they replace, over all scales."""
    levels: list[dict[int, set[int]]] = []
    for words in (mine - theirs, theirs - mine):
        found: dict[int, set[int]] = {}
        for word in words:
            for scale, level in DEGREES.get(word, {}).items():
                found.setdefault(scale, set()).add(level)
        levels.append(found)
    own, other = levels
    return float(
        sum(
            min(abs(a - b) for a in own[scale] for b in other[scale])
            for scale in own.keys() & other
        )
    )


def degrees_added(mine: frozenset[str], theirs: frozenset[str]) -> int:
    """Degree words of the claim that the evidence has no word of the same level for."""
    known = {place for word in theirs for place in DEGREES.get(word, {}).items()}
    return sum(
        bool(places) and not any(place in known for place in places.items())
        for places in (DEGREES.get(word, {}) for word in mine - theirs)
    )
