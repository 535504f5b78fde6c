"""Files for finance: charges by the FOCUS standard, and invoices that are held against the books. Pure."""
