"""Files on the user's computer: folders, private files and SQLite databases."""
