"""Rules that data must keep before anything is written or learnt. Import the modules directly."""
