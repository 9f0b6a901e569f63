"""Rate limits, deadlines and retries."""
