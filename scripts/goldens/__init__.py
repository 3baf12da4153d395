"""The cases of scripts/make-goldens.py, a file per group."""
