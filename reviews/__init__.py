"""Reviews, their score, the studio's response, moderation."""
