"""Reads what `analysis/run` wrote of predictions held against published tables and real networks."""

import pandas as pd

from simrun import ResultsError, results


def load_validation(name):
    """Rows of published tables beside predictions, as `analysis/validate.py -o` wrote them: `model`, `method`, `workers`,
    `published` and `predicted` (samples/s and worker), `error` (relative), efficiencies, `used_for`. Raises ResultsError.
    """
    file = results.folder_of("validation") / f"{name}.csv"
    try:
        table = pd.read_csv(file)
    except FileNotFoundError:
        raise ResultsError(f"{file}: does not exist; `analysis/validate.py -o {file}` writes it") from None
    return table.rename(columns={"label": "method"}).assign(
        published_s=table["batch"] / table["published"], predicted_s=table["batch"] / table["predicted"]
    )


def load_traffic():
    """Configurations measured on real networks beside predictions, one row for each network model, as
    `tests/real_network/compare.py -o` wrote them: what was run, `network_model`, `half` (`test`: not fitted to), times of
    an iteration and its communication, measured and predicted, in seconds; `error`, relative, of the predicted
    communication. Raises ResultsError.
    """
    file = results.folder_of("validation") / "real_network.csv"
    try:
        table = pd.read_csv(file)
    except FileNotFoundError:
        raise ResultsError(f"{file}: does not exist; `tests/real_network/compare.py SIMRUN -o {file}` writes it") from None
    return table.assign(error=table["predicted_communication_s"] / table["measured_communication_s"] - 1)
