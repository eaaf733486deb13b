"""`python -m tnet COMMAND …`: the command `tnet` of this very Python."""

import sys

from .cli.main import main

sys.exit(main())
