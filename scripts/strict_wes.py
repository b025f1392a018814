"""Writes the official WES document as strict as a client of ours may take it.

usage: strict_wes.py OFFICIAL STRICT

The official document requires almost no field, so a body of `{}` would conform nearly everywhere.
We promise more, and ask for more. It also leaves out answers that HTTP or an operator's limits make necessary; these
are added, with the same error body.
"""

import sys

import yaml

REQUIRED = {
    "ErrorResponse": ["msg", "status_code"],
    "RunId": ["run_id"],
    "RunListResponse": ["runs", "next_page_token"],
    "RunLog": ["run_id", "request", "state", "run_log", "task_logs_url", "outputs"],
    "RunStatus": ["run_id", "state"],
    "TaskListResponse": ["task_logs", "next_page_token"],
    "WorkflowTypeVersion": ["workflow_type_version"],
}
FORM = ["workflow_type", "workflow_type_version", "workflow_url"]
ANSWERS = {
    "400": "the request makes no sense (the official document forgets it for tasks)",
    "404": "no such thing, or not the caller's",
    "413": "the body is over the limit",
    "415": "the body is of a type that no WES client sends",
    "429": "the caller is over its limit",
    "503": "no service that may take the run can be reached now",
}


def main():
    official, strict = sys.argv[1:]
    with open(official, encoding="utf-8") as source:
        document = yaml.safe_load(source)
    for name, fields in REQUIRED.items():
        document["components"]["schemas"][name]["required"] = fields
    for form in document["paths"]["/runs"]["post"]["requestBody"]["content"].values():
        form["schema"]["required"] = FORM
    error = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    for path in document["paths"].values():
        for method in path.keys() & {"get", "post"}:
            for status, why in ANSWERS.items():
                answer = {"description": why, "content": error}
                path[method]["responses"].setdefault(status, answer)
    with open(strict, "w", encoding="utf-8") as out:
        yaml.safe_dump(document, out)


main()
