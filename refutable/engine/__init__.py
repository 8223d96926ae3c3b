"""Engine: runs what users wrote in processes of its own, one piece at a time, under limits."""
