"""Files on the user's computer: folders, private files, SQLite databases."""
