"""What is found in the tables of runs: numbers of one run, of several, and a picture. It runs nothing."""
