"""A stated licence as its SPDX identifier, or nothing.

What catalogues hold under "licence" is often a name, a page, in one case a URL with somebody's
key in it; a closed list lets none of that through. Source of the identifiers: the SPDX licence
list, those that occur in package registries."""

import re

_IDENTIFIERS = """
0BSD AFL-3.0 AGPL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BlueOak-1.0.0
BSD-2-Clause BSD-3-Clause BSD-3-Clause-Clear BSL-1.0 BUSL-1.1 CC-BY-4.0 CC-BY-NC-4.0 CC-BY-SA-4.0
CC0-1.0 ECL-2.0 Elastic-2.0 EPL-2.0 EUPL-1.2 GPL-2.0 GPL-2.0-only GPL-2.0-or-later GPL-3.0
GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1 LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0 LGPL-3.0-only
LGPL-3.0-or-later MIT MIT-0 MPL-2.0 MS-PL OFL-1.1 OSL-3.0 PostgreSQL PSF-2.0 Python-2.0 SSPL-1.0
Unlicense UPL-1.0 WTFPL Zlib
""".split()
_WORDS = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache2": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "gplv2": "GPL-2.0",
    "gplv3": "GPL-3.0",
    "agplv3": "AGPL-3.0",
    "mpl 2.0": "MPL-2.0",
    "the unlicense": "Unlicense",
}
_KNOWN = {name.lower(): name for name in _IDENTIFIERS} | _WORDS


def spdx(stated: str) -> str:
    """The SPDX identifier that is meant; empty where that is not plain."""
    if len(stated) > 100:
        return ""
    words = re.sub(r"\s+", " ", stated.strip().lower())
    return _KNOWN.get(words) or _KNOWN.get(
        words.removesuffix(" license").removesuffix(" licence"), ""
    )
