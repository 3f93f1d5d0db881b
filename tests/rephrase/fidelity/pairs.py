"""Sources beside faithful rewrites, written by hand for these tests: the gate has to pass them all.

The rewrites change words, order, sentence boundaries and the spelling of figures as a good
rewriter does; nothing is added and little is left out.
"""

from typing import NamedTuple


class Pair(NamedTuple):
    """A source and a faithful rewrite."""

    style: str
    structured: bool
    source: str
    text: str


MENDEL = (
    "Johann Gregor Mendel (1822–1884) was a lifelong learner, teacher, scientist, and man of faith. "
    "As a young adult, he joined the Augustinian Abbey of St. Thomas in Brno in what is now the Czech "
    "Republic. Supported by the monastery, he taught physics, botany, and natural science courses at "
    "the secondary and university levels. In 1856, he began a decade-long research pursuit involving "
    "inheritance patterns in honeybees and plants, ultimately settling on pea plants as his primary "
    "model system. In 1865, Mendel presented the results of his experiments with nearly 30,000 pea "
    "plants to the local Natural History Society."
)
AMAZON = (
    "The Amazon basin encompasses 7,000,000 square kilometres (2,700,000 sq mi), of which 5,500,000 "
    "square kilometres are covered by the rainforest. The region includes territory belonging to nine "
    "nations. The majority of the forest is contained within Brazil, with 60% of the rainforest, "
    "followed by Peru with 13%, Colombia with 10%, and with minor amounts in Venezuela and Ecuador."
)
HEART = (
    "The human heart beats about 72 times per minute at rest and pumps roughly 5 liters of blood in "
    "that time. It has four chambers: two atria, which receive blood, and two ventricles, which push "
    "it out. Valves between the chambers keep blood from flowing backward. A heart attack occurs when "
    "a coronary artery is blocked and part of the heart muscle is starved of oxygen."
)
TREATY = (
    "On 28 June 1919, Germany and the Allied Powers signed the Treaty of Versailles, five years after "
    "the assassination of Archduke Franz Ferdinand. The treaty forced Germany to disarm, make "
    "territorial concessions, and pay reparations. In 1921 the total cost of these reparations was "
    "assessed at 132 billion marks. The economist John Maynard Keynes said the peace was too harsh."
)
OSMOSIS = (
    "Osmosis is the movement of water through a semipermeable membrane according to the concentration "
    "gradient of water across the membrane, which is inversely proportional to the concentration of "
    "solutes. While diffusion transports material across membranes and within cells, osmosis "
    "transports only water across a membrane, and the membrane limits the diffusion of solutes in the "
    "water."
)
DEMAND = (
    "Economists use the term demand to refer to the amount of some good or service consumers are "
    "willing and able to purchase at each price. What a buyer pays for a unit of the specific good or "
    "service is called the price. A rise in price almost always decreases the quantity demanded, while "
    "a fall in price will increase it. Economists call this inverse relationship the law of demand."
)
WHO = (
    "The World Health Organization was founded on April 7, 1948. Its headquarters are in Geneva, "
    "Switzerland, and it has six regional offices. By 1980 its campaign had eradicated smallpox, a "
    "disease that killed an estimated 300 million people in the 20th century."
)
BRIDGE = (
    "The Golden Gate Bridge spans 1.7 miles between San Francisco and Marin County. Construction began "
    "in January 1933 and took just over four years. Its two towers rise 746 feet above the water, and "
    "the main cables hold 80,000 miles of wire. Eleven men died during construction."
)

FAITHFUL = (
    Pair(
        "encyclopaedia", False, MENDEL,
        "Gregor Mendel, who lived from 1822 to 1884, never stopped learning; he taught, did science and "
        "was a religious man. He entered the Augustinian Abbey of St. Thomas while still young. The "
        "abbey stood in Brno, today part of the Czech Republic, and its backing let him give classes in "
        "physics, botany and natural science at secondary schools and at university level. Starting in "
        "1856 he spent ten years on research into how honeybees and plants inherit traits, and in the "
        "end chose the pea plant as his main model. He reported on his experiments, which covered "
        "almost thirty thousand pea plants, to the local Natural History Society in 1865.",
    ),
    Pair(
        "faq", True, MENDEL,
        "**Q: Who was Gregor Mendel?**\nA: Mendel (1822–1884) was a teacher, scientist and man of "
        "faith.\n\n**Q: Where did he live?**\nA: He joined the Augustinian Abbey of St. Thomas in Brno, "
        "in the present-day Czech Republic.\n\n**Q: What did he study?**\nA: From 1856 he studied "
        "inheritance patterns, first in honeybees and plants, and then settled on pea plants.\n\n**Q: "
        "When did he present his results?**\nA: He presented them in 1865 to the local Natural History "
        "Society, after experiments with nearly 30,000 pea plants.",
    ),
    Pair(
        "table", True, AMAZON,
        "The Amazon basin encompasses 7,000,000 square kilometres, of which 5,500,000 are covered by the "
        "rainforest.\n\n| Country | Share of the Rainforest |\n|---|---|\n| Brazil | 60 percent |\n| Peru | 13 percent "
        "|\n| Colombia | 10 percent |\n| Venezuela | minor amounts |\n| Ecuador | minor amounts |",
    ),
    Pair(
        "lecture", False, AMAZON,
        "Let us look at the size of the Amazon basin: it covers seven million square kilometers, or 2.7 "
        "million square miles. Rainforest covers 5.5 million square kilometers of that. Nine nations "
        "hold territory in the region. Brazil contains most of the forest, sixty per cent of it. Peru "
        "comes next with 13 per cent, then Colombia with 10 per cent, while Venezuela and Ecuador have "
        "only small amounts.",
    ),
    Pair(
        "children", False, HEART,
        "Your heart works hard! When you rest, it beats about seventy-two times every minute, and in "
        "that minute it pumps roughly five litres of blood. The heart has 4 chambers. Both atria receive "
        "blood, and both ventricles push it out again. Little valves sit between the chambers so that "
        "blood cannot flow backward. When a coronary artery is blocked, part of the heart muscle does "
        "not get oxygen, and that is a heart attack.",
    ),
    Pair(
        "dialogue", False, HEART,
        "Teacher: How often does the heart beat at rest?\nStudent: About 72 times per minute, and it "
        "pumps roughly 5 liters of blood in that time.\nTeacher: Right. Which chambers does it have?\n"
        "Student: Four. The two atria receive blood and the two ventricles push it out.\nTeacher: What "
        "do the valves do?\nStudent: They are between the chambers and keep blood from flowing "
        "backward.\nTeacher: And a heart attack?\nStudent: It occurs when a coronary artery is blocked "
        "and part of the heart muscle is starved of oxygen.",
    ),
    Pair(
        "news", False, TREATY,
        "Five years after Archduke Franz Ferdinand was assassinated, the Treaty of Versailles was signed "
        "on June 28, 1919 by Germany and the Allied Powers. Under the treaty Germany had to disarm, give "
        "up territory and pay reparations. Their total was put at 132 billion marks in 1921. John "
        "Maynard Keynes, an economist, called the peace too harsh.",
    ),
    Pair(
        "fact list", True, TREATY,
        "1. The Treaty of Versailles was signed on 28 June 1919.\n2. The Allied Powers and Germany signed "
        "it.\n3. Germany had to disarm, make territorial concessions and pay reparations.\n4. The "
        "reparations were assessed at 132 billion marks in 1921.\n5. Keynes said the peace was too harsh.",
    ),
    Pair(
        "textbook", False, OSMOSIS,
        "When water moves through a semipermeable membrane along its own concentration gradient, the "
        "process is known as osmosis. That gradient is inversely proportional to how concentrated the "
        "solutes are. Diffusion carries material across membranes and inside cells. Osmosis, by "
        "contrast, carries water alone across a membrane, and the membrane restricts how far solutes in "
        "the water diffuse.",
    ),
    Pair(
        "tutorial", False, DEMAND,
        "## What demand means\n\nFor economists, demand is how much of a good or service consumers can "
        "and will buy at each price. The price is what the buyer pays for one unit of that good or "
        "service. If the price goes up, the quantity demanded nearly always goes down; if the price "
        "falls, the quantity goes up. This inverse relationship is what economists call the law of "
        "demand.",
    ),
    Pair(
        "study notes", True, DEMAND,
        "# Study Notes: Demand\n\n- **Demand**: the amount of a good or service that consumers are "
        "willing and able to buy at each price\n- **Price**: what a buyer pays for a unit of the good\n"
        "- **Law of demand**: a rise in price decreases the quantity demanded, and a fall increases it",
    ),
    Pair(
        "encyclopaedia", False, WHO,
        "Founded on 7 April 1948, the World Health Organization (WHO) has its headquarters in the Swiss "
        "city of Geneva. It runs six regional offices. Smallpox, which killed an estimated 300 million "
        "people in the twentieth century, had been eradicated by the WHO's campaign by 1980.",
    ),
    Pair(
        "forum answer", False, BRIDGE,
        "It is 1.7 miles long and links San Francisco with Marin County. They started building the "
        "Golden Gate Bridge in January 1933, and it took slightly more than 4 years. Eleven workers lost "
        "their lives during construction. Both towers stand 746 ft above the water, and the main cables "
        "contain eighty thousand miles of wire.",
    ),
    Pair(
        "how-to", True, OSMOSIS,
        "Step 1: Picture a semipermeable membrane with water on both sides.\nStep 2: Compare the "
        "concentration of solutes. The concentration gradient of water is inversely proportional to "
        "it.\nStep 3: Remember that osmosis transports only water across the membrane.",
    ),
)  # fmt: skip
