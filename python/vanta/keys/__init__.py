"""Master keys: where they come from, and how sealed rows move to a new one."""
