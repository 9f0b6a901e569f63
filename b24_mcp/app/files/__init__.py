"""Files in and out: the folders of the person, files as values of a call, and downloads."""
