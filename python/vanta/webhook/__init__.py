"""The signal door: signed signals in, durable rows and receipts out."""
