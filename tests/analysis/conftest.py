import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "analysis"))

if "SIMRUN" in os.environ:
    os.environ["SIMRUN"] = os.path.abspath(os.environ["SIMRUN"])  # tests run it from folders of their own
