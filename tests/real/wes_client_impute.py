"""The GA4GH reference client, `wes-client`, taught what an imputation is; all else is its own code.

It takes the type and version of a workflow from the ending of a file name, and so knows CWL, WDL and
Python only. Command line: that of wes-client.
"""

import sys

from wes_client import util
from wes_client.wes_client_main import main

its_own = util.wf_info


def wf_info(workflow_url):
    if workflow_url.startswith("imputation://"):
        return "1", "IMPUTATION"
    return its_own(workflow_url)


util.wf_info = wf_info
sys.exit(main(sys.argv[1:]))
