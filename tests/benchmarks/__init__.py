"""What training costs: the population beside Keras fit, PyTorch and scikit-learn; started by run.py."""
