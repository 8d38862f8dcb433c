"""Runs official Schematron sheets over documents: `python official.py <jobs.json>`, answers as JSON.

A process of its own, because Saxon's runtime is not to be forked. In: [{"sheet": path, "documents": [path, ...]}]. Out:
for each sheet, for each document, [[rule, "fatal" or "warning", text], ...].
"""

import json
import sys
from pathlib import Path

from lxml import etree
from saxonche import PySaxonProcessor

SVRL = "{http://purl.oclc.org/dsdl/svrl}"


def findings(svrl: str) -> list[list[str]]:
    report = etree.fromstring(svrl.encode())
    assert report.find(f"{SVRL}fired-rule") is not None, "no rule looked at this document"
    return [
        [one.get("id") or "", one.get("flag") or one.get("role") or "fatal", " ".join("".join(one.itertext()).split())]
        for one in report
        if one.tag in {f"{SVRL}failed-assert", f"{SVRL}successful-report"}
    ]


def main(jobs: list[dict[str, object]]) -> list[list[list[list[str]]]]:
    with PySaxonProcessor(license=False) as saxon:
        sheets = saxon.new_xslt30_processor()
        answers = []
        for job in jobs:
            sheet = sheets.compile_stylesheet(stylesheet_file=str(job["sheet"]))
            answers.append([findings(sheet.transform_to_string(source_file=one)) for one in job["documents"]])
    return answers


if __name__ == "__main__":
    json.dump(main(json.loads(Path(sys.argv[1]).read_text())), sys.stdout)
