"""How a user's file becomes a panel: open it, read its stamps and its values, collect every fault on the way."""
