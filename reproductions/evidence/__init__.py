"""What claims say of their rows, where it is too much for their own modules: names, checks, doubts, published numbers, figures.

Unlike trainers/, what stands here trains nothing and decides no outcome: of it a trial's key holds what its recipe says.
"""
