"""The model: features of a text, training, evaluation, and prediction with reasons.

scikit-learn is loaded only by training and evaluation; prediction does without it.
"""
