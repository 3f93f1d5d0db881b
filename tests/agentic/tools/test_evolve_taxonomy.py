"""The taxonomy that ships, and what is refused in one of the user's."""

from pathlib import Path

import pytest

from datagen.agentic.tools.evolve.taxonomy import load_taxonomy
from datagen.errors import RecipeError

K2_LABELS = {
    "enterprise_business_intelligence",
    "transportation_logistics",
    "iphone_android",
    "smart_home",
    "real_estate_property",
    "unknown",
    "software_apps",
    "legal_compliance",
    "education_elearning",
    "robot_control",
    "agriculture_environmental",
    "healthcare_medical",
    "manufacturing_industrial_iot",
    "desktop_systems",
    "financial_trading",
    "website_control",
    "gaming_entertainment",
}


def test_the_shipped_taxonomy_has_the_labels_of_the_report_and_more() -> None:
    taxonomy = load_taxonomy()

    assert taxonomy.categories.keys() > K2_LABELS
    assert len(taxonomy.categories) >= 20
    assert all(6 <= len(category.domains) <= 12 for category in taxonomy.categories.values())


def test_no_domain_stands_in_two_categories() -> None:
    domains = [domain for _, domain in load_taxonomy().cells]

    assert len(set(domains)) == len(domains)


def test_the_order_of_the_file_decides_nothing(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text('[aa]\ntitle = "A"\ndomains = ["x", "y"]\n[bb]\ntitle = "B"\ndomains = ["z"]\n')
    two.write_text('[bb]\ntitle = "B"\ndomains = ["z"]\n[aa]\ntitle = "A"\ndomains = ["y", "x"]\n')

    assert load_taxonomy(str(one)).digest == load_taxonomy(str(two)).digest
    assert load_taxonomy(str(one)).cells == load_taxonomy(str(two)).cells


def test_only_the_named_categories_are_used() -> None:
    assert {cell[0] for cell in load_taxonomy(only=["smart_home"]).cells} == {"smart_home"}


def test_an_unknown_category_is_one_line_that_names_the_known_ones() -> None:
    with pytest.raises(RecipeError, match=r"no category 'smart_house' .*smart_home") as caught:
        load_taxonomy(only=["smart_house"])

    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "holds no category"),
        ("aa = 3", "aa"),
        ('[aa]\ntitle = "A"\ndomains = []', "aa.domains"),
        ('[aa]\ntitle = "A"\ndomains = ["x", "x"]', "holds a domain twice"),
        ('[aa]\ntitle = "A"\ndomain = ["x"]', "aa.domain"),
        ('["Smart Home"]\ntitle = "A"\ndomains = ["x"]', "not a name"),
        ("[aa", "Expected"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "taxonomy.toml"
    path.write_text(content)

    with pytest.raises(RecipeError, match=said) as caught:
        load_taxonomy(str(path))

    assert "\n" not in str(caught.value)
