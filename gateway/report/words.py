"""What the lines of a report are called, and what of the ledger's hourly sums each adds up."""

BASELINES = {
    "declared": "Declared baseline",
    "managed": "Cheapest host of the same open model",
    "direct": "The same models without a router",
}
BASELINE_SQL = {
    "declared": "sum(covered), sum(baseline), sum(cost)",
    "managed": "sum(managed_covered), sum(managed), sum(managed_cost)",
    "direct": "sum(covered), sum(direct), sum(cost)",
}
DRIVERS = {
    "response_cache": "Answers from the response cache",
    "self_hosting": "Answered on own hardware",
    "cheaper_models": "Cheaper models",
    "prompt_cache": "Providers' prompt caches",
    "escalations": "Escalations: asked twice",
    "failures": "Failures: paid without an answer",
    "judges": "Judges",
    "second_samples": "Second samples",
    "guards": "Guards",
    "comparisons": "Random comparisons",
    "corrections": "Corrections",
    "engineers": "People",
}
# What of the hourly sums a line adds up; what is missing is no sum of requests.
SQL = {
    "Answers from the response cache": "sum(baseline_cache) - sum(cost_embedding)",
    "Answered on own hardware": "sum(baseline_pool)",
    "Cheaper models": "sum(full_baseline) - sum(full_first)",
    "Providers' prompt caches": "sum(full_first) - sum(cost_first) - sum(full_baseline)"
    " + sum(baseline) - sum(baseline_cache) - sum(baseline_pool)",
    "Escalations: asked twice": "-sum(cost_escalation)",
    "Failures: paid without an answer": "-sum(cost_failure)",
    "Judges": "-sum(cost_judge)",
    "Second samples": "-sum(cost_sample)",
    "Guards": "-sum(cost_guard)",
}
PARTS = {"used": "Hardware, used", "idle": "Hardware, idle", "hardware": "Hardware"}
