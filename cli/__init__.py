"""What `manage.py` reads and how it writes it; the commands themselves are there."""
