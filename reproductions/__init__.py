"""One module per claim of the review; harness/ is what runs, judges and tabulates them."""
