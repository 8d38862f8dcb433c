"""The demo studios: invented people and their classes around today. `load.py` is the way in; the rest are its parts."""
