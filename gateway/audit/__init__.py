"""The audit trail as values: what a record says, how records are chained, and what can be proved from them. Pure.

A ledger keeps the records, in the transaction of its entries; nothing here opens a file, and no record holds content.
"""
