"""The model: features of a text, training, evaluation, and prediction with reasons.

scikit-learn is loaded only when one of them is used, so that the block starts fast.
"""
