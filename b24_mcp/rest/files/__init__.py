"""Files to and from a portal: streamed uploads and downloads."""
