"""What claims make of their runs, where it is too much for the claim's own module: checks, reasons for doubt, figures.

Unlike trainers/, what stands here trains nothing and decides no outcome, so that no trial's key hangs on it. (Two parts of
claims that have trials, checks and a figure of their own stand whole in trainers/: early_nets and vowel_table.)
"""
