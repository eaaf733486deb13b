"""`python -m tnet COMMAND …`: the command `tnet` of this very Python."""

import sys

from .cli.main import main

sys.argv[0] = "tnet"  # as a run records its command
sys.exit(main())
