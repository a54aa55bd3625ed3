"""The commands by topic: each reads its words, asks one service, and words the answer."""
