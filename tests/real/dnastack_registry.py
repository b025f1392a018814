"""Imports a service registry through DNAstack's own CLI, finds the gateway's WES in it, runs a workflow
there with the login that the registry publishes, and prints a JSON report.

usage: dnastack_registry.py REGISTRY
       REGISTRY ends with a slash, e.g. http://127.0.0.1:8080/ga4gh/registry/v1/
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from dnastack.alpha.client.wes.client import RunRequest, WesClient
from dnastack.client.service_registry.client import ServiceRegistry
from dnastack.client.models import ServiceEndpoint

ENDED = {"COMPLETE", "CANCELED", "EXECUTOR_ERROR", "SYSTEM_ERROR", "PREEMPTED"}
DEADLINE_SECONDS = 60


def cli(*arguments):
    command = [str(Path(sys.executable).with_name("dnastack")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        sys.exit(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def main():
    registry_url = sys.argv[1]
    cli("config", "registries", "add", "gateway", registry_url)
    listed = json.loads(cli("config", "registries", "list-endpoints", "gateway"))

    registry = ServiceRegistry.make(ServiceEndpoint(url=registry_url))
    wes = next(
        service
        for service in registry.list_services()
        if (service.type.artifact, service.type.version) == ("wes", "1.1")
    )
    login = next(endpoint for endpoint in listed if endpoint["url"] == wes.url)["authentication"]
    client = WesClient.make(ServiceEndpoint(url=wes.url, authentication=login))
    run_id = client.submit(
        RunRequest(
            workflow_url="https://example.org/hello.cwl",
            workflow_params={"message": "hello"},
            workflow_type="CWL",
            workflow_type_version="v1.2",
        )
    )
    run = client.run(run_id)
    end = time.monotonic() + DEADLINE_SECONDS
    while (state := run.status) not in ENDED and time.monotonic() < end:
        time.sleep(0.2)
    print(json.dumps({"listed": listed, "run_id": run_id, "state": state}))


main()
