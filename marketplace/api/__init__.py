"""The API that marketplaces call: `/api/groupx/v1/` (docs/api.md)."""
