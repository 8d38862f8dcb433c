"""PostgreSQL, Valkey and Tresen's own processes on one Linux machine, started and stopped by one command.

For a trial or a small studio's own host. Production gives DATABASE_URL and REDIS_URL and needs none of this.
docs/running.md tells what each rule here is for.
"""
