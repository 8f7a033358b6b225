"""The run function of the exact Gaussian-kernel machine, which draws nothing: one value for each metric, whatever the seed."""


def train_svm(trial, report):
    """Chooses C and gamma from a grid on validation, fits all of train, tests once.

    The recipe names n_train, n_test, and the grid and select_on of rbf_svm.
    Rows: test_error_pct, validation_error_pct and gamma of the single seed, with the processor as device, since
    scikit-learn computes there in float64.
    """
    from zoo.environment import processor
    from zoo.reproductions.trainers.data import splits
    from zoo.reproductions.trainers.svm import rbf_svm

    r = trial.recipe
    result = rbf_svm(*splits(trial.dataset, r["n_train"], r["n_test"]), r["grid"], select_on=r["select_on"])
    report.progress(1, 1)
    shared = {
        "seed": trial.seeds[0],
        "n_train": result["n_train"],
        "parameters": result["parameters"],
        "seconds": result["seconds"],
        "device": processor(),
        "backend": "scikit-learn",
        "precision": "float64",
    }
    tested = shared | {"n_test": result["n_test"]}
    return [
        tested | {"metric": "test_error_pct", "value": result["test_error_pct"], "losses": 100 * result["wrong"]},
        shared | {"metric": "validation_error_pct", "value": result["validation_error_pct"], "n_test": result["n_validation"]},
        tested | {"metric": "gamma", "value": result["gamma"]},
    ]
