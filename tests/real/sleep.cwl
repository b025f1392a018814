#!/usr/bin/env cwl-runner
cwlVersion: v1.2
class: CommandLineTool
doc: Runs until it is canceled.
baseCommand: [sleep, "300"]
inputs: []
outputs: []
