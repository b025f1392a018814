#!/usr/bin/env cwl-runner
cwlVersion: v1.2
class: CommandLineTool
doc: The smallest workflow that proves that a run happened.
baseCommand: echo
inputs:
  message:
    type: string
    inputBinding:
      position: 1
outputs:
  said:
    type: stdout
stdout: said.txt
