#!/usr/bin/env cwl-runner
cwlVersion: v1.2
class: CommandLineTool
doc: Fails, to see whether the failure reaches the client.
baseCommand: [sh, -c, "echo broken >&2; exit 3"]
inputs: []
outputs: []
