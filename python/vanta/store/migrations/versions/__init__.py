"""One file per revision, `NNNN_subject.py`; forward only."""
