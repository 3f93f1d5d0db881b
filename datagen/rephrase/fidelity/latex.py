"""LaTeX formulas as tokens: which a text holds, whether they are well formed, where one stands.

Formulas are compared token by token in one spelling (`\\dfrac` is `\\frac`, `x^{2}` is `x^2`,
spacing and upright letters are nothing), so that a digit more, a lost exponent or a wider
expression around it is a difference. "Well formed" is what a LaTeX run would stop at: braces,
arguments, pairs, double scripts, commands that neither the source nor common mathematics has. It
does not typeset.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from datagen.rephrase.protected import protected

Tokens = tuple[str, ...]

_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\d+(?:\.\d+)?|[^\W\d_]|\S")
_SINGLE = re.compile(r"\\[a-zA-Z]+\*?|\\.|\S")
"""Digits one by one: `\\frac12` is a half."""
_PROSE_TOKEN = re.compile(r"\\[a-zA-Z]+\*?|\\.|\d+(?:\.\d+)?|[^\W\d_]+|\S")
_THOUSANDS = re.compile(r"(?<=\d)(?:,|\{,\}|\\,)(?=\d{3}(?!\d))")
_BARE_FRACTION = re.compile(r"\\[dt]?frac\s*(\d)\s*(\d)")
_DELIMITERS = re.compile(
    r"^(?:\$\$?|\\[\[(]|\\begin\{[a-zA-Z]+\*?\})|(?:\$\$?|\\[\])]|\\end\{[a-zA-Z]+\*?\})$"
)
_TEXT = re.compile(r"\\(?:text|textbf|textit|mbox|mathrm|mathbf|mathit|operatorname|rm|bf|it)\b\s*")
_NOTHING = frozenset(
    r"\left \right \big \Big \bigg \Bigg \bigl \bigr \Bigl \Bigr \displaystyle \textstyle \quad "
    r"\qquad \, \; \: \! \> \  & \\ ~ \limits \nolimits \hfill \nonumber".split()
) | {"\\ "}
_SAME = {
    r"\dfrac": r"\frac", r"\tfrac": r"\frac", r"\cfrac": r"\frac", r"\leq": r"\le",
    r"\geq": r"\ge", r"\leqslant": r"\le", r"\geqslant": r"\ge", r"\neq": r"\ne", "≤": r"\le",
    "≥": r"\ge", "≠": r"\ne", "×": "*", "·": "*", r"\times": "*", r"\cdot": "*", "−": "-",
    "–": "-", r"\div": "/", "÷": "/", r"\%": "%", r"\$": "$", "π": r"\pi", "∠": r"\angle",
    r"\rightarrow": r"\to", r"\lbrace": r"\{", r"\rbrace": r"\}", r"\vert": "|", r"\mid": "|",
    r"\implies": r"\Rightarrow", r"\colon": ":", r"\lvert": "|", r"\rvert": "|", "（": "(",
    "）": ")", "，": ",", "：": ":", "；": ";", "。": ".", "″": "''", "′": "'", r"\prime": "'",
}  # fmt: skip

RELATIONS = frozenset(
    r"= < > \le \ge \ne \approx \equiv \Rightarrow \Leftrightarrow \iff \to \in \sim \cong \subset "
    r"\subseteq \parallel \perp \mid \mapsto \because \therefore".split()
)
_SEPARATORS = RELATIONS | frozenset([",", ";", ":", ".", "?", "!", "(", ")", "$", r"\{", r"\}"])
_OPERATORS = frozenset(["+", "-", "*", "/", "^", "_", r"\frac", r"\sqrt", "!"])
_BINDS_BEFORE = frozenset(["+", "-", "*", "/", "^", "_", r"\frac", r"\sqrt", "{"])
_BINDS_AFTER = frozenset(["+", "*", "/", "^", "_", "!", "{"])

_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([^{}]*)\}")
_BODY_TEXT = re.compile(r"\\(?:text|mbox|textbf|textit|textrm|label|tag)\*?\s*\{[^{}]*\}")
_ARGUMENTS = {r"\frac": 2, r"\dfrac": 2, r"\tfrac": 2, r"\cfrac": 2, r"\binom": 2, r"\sqrt": 1,
              r"\overline": 1, r"\vec": 1, r"\hat": 1, r"\bar": 1, r"\boxed": 1}  # fmt: skip
COMMANDS = frozenset(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi
    pi varpi rho sigma varsigma tau upsilon phi varphi chi psi omega Gamma Delta Theta Lambda Xi Pi
    Sigma Upsilon Phi Psi Omega frac dfrac tfrac cfrac binom dbinom tbinom sqrt sum prod int iint
    iiint oint lim limsup liminf max min sup inf sin cos tan cot sec csc arcsin arccos arctan sinh
    cosh tanh coth log ln lg exp det dim ker deg gcd arg hom Pr mod bmod pmod pod le leq leqslant ge
    geq geqslant ne neq lt gt ll gg approx equiv cong sim simeq propto in notin ni subset supset
    subseteq supseteq subsetneq supsetneq cup cap bigcup bigcap setminus emptyset varnothing forall
    exists nexists neg lnot land lor wedge vee bigwedge bigvee to rightarrow leftarrow
    leftrightarrow Rightarrow Leftarrow Leftrightarrow implies impliedby iff longrightarrow
    Longrightarrow longleftrightarrow Longleftrightarrow mapsto longmapsto hookrightarrow uparrow
    downarrow nearrow searrow rightleftharpoons xrightarrow xleftarrow times cdot div pm mp ast star
    circ bullet oplus ominus otimes odot cdots ldots dots vdots ddots dotsc dotsb infty partial
    nabla prime angle measuredangle triangle square Box parallel perp nparallel mid nmid degree hbar
    ell Re Im aleph imath jmath left right middle big Big bigg Bigg bigl bigr Bigl Bigr biggl biggr
    Biggl Biggr langle rangle lfloor rfloor lceil rceil lvert rvert lVert rVert vert Vert lbrace
    rbrace lbrack rbrack overline underline overrightarrow overleftarrow overset underset overbrace
    underbrace stackrel widehat widetilde hat tilde bar vec dot ddot acute grave check breve text
    textbf textit textrm textsf texttt textnormal mathrm mathbf mathit mathsf mathtt mathcal mathbb
    mathfrak mathscr boldsymbol bm pmb operatorname mbox hbox rm bf it sf tt cal begin end quad
    qquad hspace vspace hskip kern hfill displaystyle textstyle scriptstyle limits nolimits nonumber
    notag tag label ref eqref boxed fbox phantom hphantom vphantom smash cancel not because
    therefore blacksquare qed hline cline multicolumn multirow substack array color textcolor
    colorbox colon surd top bot vdash dashv models Vdash lhd rhd unlhd unrhd dagger ddagger S P
    lesssim gtrsim preceq succeq prec succ sqsubseteq sqcup sqcap asymp doteq triangleq coloneqq
    complement backslash mathop mathbin mathrel mathord mathopen mathclose arraystretch intertext
    leftharpoonup rightharpoonup upharpoonright wp diamond Diamond clubsuit diamondsuit heartsuit
    spadesuit flat natural sharp checkmark pounds euro ce si num ang SI unit item paragraph sgn lcm
    tr rank cis overarc wideparen frown smile lnsim gnsim circledast ltimes rtimes bowtie gets
    nsubseteq nsupseteq nleq ngeq nless ngtr ncong nsim large Large small tiny normalsize emph
    underleftarrow injlim projlim bigoplus bigotimes biguplus uplus amalg wr coprod dotsm dotso
    dotsi choose over Join cancelto bold backsim allowbreak atop bigl widecheck
    """.split()
)
"""Commands of LaTeX, amsmath and amssymb that formulas of schools and textbooks use."""


def formulas(text: str) -> list[str]:
    """The outermost formulas of a text, delimiters included, in order; code is no formula."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(protected(text), key=lambda span: (span[0], -span[1])):
        if not found or start >= found[-1][1]:
            found.append((start, end))
    return [text[start:end] for start, end in found if text[start] in "$\\"]


def outside(text: str) -> str:
    """The text with its formulas and code blanked out; same length."""
    parts, at = [], 0
    for start, end in sorted(protected(text), key=lambda span: (span[0], -span[1])):
        if start >= at:
            parts += [text[at:start], " " * (end - start)]
            at = end
    return "".join((*parts, text[at:]))


@lru_cache(maxsize=8192)
def tokens(formula: str, *, prose: bool = False) -> Tokens:
    """A formula's tokens in one spelling; of prose, whole words are tokens."""
    bare = formula.strip()
    while not prose and (inner := _DELIMITERS.sub("", bare).strip()) != bare:
        bare = inner
    bare = _BARE_FRACTION.sub(r"\\frac{\1}{\2}", _TEXT.sub("", _THOUSANDS.sub("", bare)))
    found = (_PROSE_TOKEN if prose else _TOKEN).findall(bare)
    kept = [_SAME.get(token, token) for token in found if token not in _NOTHING]
    while kept and not prose and kept[-1] in (".", ",", ";", ":", "。"):
        kept.pop()
    return tuple(_unbraced(kept))


def _unbraced(found: Sequence[str]) -> Iterator[str]:
    """Tokens without the braces around a single one, or around nothing."""
    at, closing = 0, set()
    while at < len(found):
        if found[at] == "{" and found[at + 1 : at + 2] == ["}"]:
            at += 2
            continue
        if found[at] == "{" and found[at + 2 : at + 3] == ["}"]:
            closing.add(at + 2)
        elif at not in closing:
            yield found[at]
        at += 1


def is_compound(formula: Tokens) -> bool:
    """True if a formula relates or combines things: its neighbours may not bind to it."""
    return any(token in RELATIONS or token in _OPERATORS for token in formula)


def stands_in(formula: Tokens, text: Tokens) -> bool:
    """True if the formula stands in the tokens, not as a part of a wider expression."""
    if not formula:
        return True
    first, size = formula[0], len(formula)
    compound = is_compound(formula)
    for at in range(len(text) - size + 1):
        if text[at] == first and text[at : at + size] == formula:
            before = text[at - 1] if at else ""
            after = text[at + size] if at + size < len(text) else ""
            if not compound or (_free_before(before, first) and _free_after(after)):
                return True
    return False


def _free_before(before: str, first: str) -> bool:
    if before in _BINDS_BEFORE:
        return False
    return not (before[:1].isdigit() and first not in RELATIONS)


def _free_after(after: str) -> bool:
    return after not in _BINDS_AFTER


def sides(formula: Tokens) -> list[Tokens]:
    """What stands between the relations and commas of a formula."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in formula:
        depth += (token in ("{", "(", "[", r"\{")) - (token in ("}", ")", "]", r"\}"))
        if depth <= 0 and (token in RELATIONS or token == ","):
            parts.append([])
        else:
            parts[-1].append(token)
    return [tuple(part) for part in parts if part]


def fault(formula: str, known: frozenset[str] = frozenset()) -> str | None:
    """What LaTeX would stop at, or None. `known`: commands that are accepted besides the common."""
    stack: list[str] = []
    for mark, name in _ENVIRONMENT.findall(formula):
        if mark == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            return f"\\end{{{name}}} without its \\begin"
    if stack:
        return f"\\begin{{{stack[-1]}}} without its \\end"
    body = _BODY_TEXT.sub(" x ", _ENVIRONMENT.sub(" ", formula))
    found = _SINGLE.findall(re.sub(r"^\$+|\$+$", "", body.strip()))
    return (
        _unbalanced(found) or _unpaired(found) or _scripts(found) or _commands(found, known) or None
    )


def _unbalanced(found: Sequence[str]) -> str:
    depth = 0
    for token in found:
        depth += (token == "{") - (token == "}")
        if depth < 0:
            return "a } without its {"
    return "a { without its }" if depth else ""


def _unpaired(found: Sequence[str]) -> str:
    left, right = found.count(r"\left"), found.count(r"\right")
    return "" if left == right else f"{left} \\left and {right} \\right"


def _scripts(found: Sequence[str]) -> str:
    for at, token in enumerate(found):
        after = found[at + 1] if at + 1 < len(found) else "}"
        if token in "^_":
            if after in ("}", "^", "_", "&"):
                return f"a {token} of nothing"
            end = _end_of_argument(found, at + 1)
            if end < len(found) and found[end] == token:
                return f"two {token} of one symbol"
        elif _ARGUMENTS.get(token):
            end = at + 1
            if token == r"\sqrt" and after == "[" and "]" in found[at:]:
                end = found.index("]", at) + 1
            for _ in range(_ARGUMENTS[token]):
                if end >= len(found) or found[end] in ("}", "&", "=", r"\right"):
                    return f"{token} lacks an argument"
                end = _end_of_argument(found, end)
    return ""


def _end_of_argument(found: Sequence[str], at: int) -> int:
    if at >= len(found) or found[at] != "{":
        return at + 1
    depth = 0
    for end in range(at, len(found)):
        depth += (found[end] == "{") - (found[end] == "}")
        if not depth:
            return end + 1
    return len(found)


def _commands(found: Sequence[str], known: frozenset[str]) -> str:
    for token in found:
        if token[0] == "\\" and token[1:2].isalpha():
            name = token[1:].rstrip("*")
            if name not in COMMANDS and token not in known:
                return f"{token} is no command"
    return ""


def commands(text: str) -> frozenset[str]:
    """The LaTeX commands that a text uses."""
    return frozenset(re.findall(r"\\[a-zA-Z]+\*?", text))


def unclosed(text: str) -> bool:
    """True if a formula is opened and not closed: `\\[`, `\\(`, `$$`, an environment."""
    rest = outside(text)
    if re.search(r"(?<!\\)\\[\[\]()]|\\(?:begin|end)\{|\$\$", rest):
        return True
    return bool(re.search(r"\$(?=[^\s\d$][^$\n]{0,200}(?:\\[a-zA-Z]|[\^_]))", rest))
