"""Exact evidence of the test tracks, the optimum and the Bayes estimates from it, and scores."""


rule evidence:
    input:
        tracks=lambda w: plan.shards(w.study, "test", w.model),
    output:
        evidence=RESULTS / "{study}/evidence/{model}.h5",
    log:
        RESULTS / "logs/{study}/evidence-{model}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/evidence-{model}.tsv"
    priority: 20  # the longest jobs first
    conda:
        "../../envs/findings.yaml"
    threads: exact_threads
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        parameters=lambda w: STUDIES[w.study]["parameters"],
        pairs=lambda w: [pair for pair in STUDIES[w.study]["pairs"] if w.model in pair_models(pair)],
        targets=lambda w: (STUDIES[w.study]["estimates"] or {"targets": []})["targets"],
        points=lambda w: plan.points(w.study),
        nodes=lambda w: STUDIES[w.study]["nodes"],
        n_check=lambda w: max(20, STUDIES[w.study]["tracks"]["test"] // 50),
        seed=lambda w: plan.seed(w.study, "evidence", w.model) % 2**31,
        made=lambda w: plan.made(w.study),
        code=code("evidence.py"),
    message:
        "exact evidence of the tracks of {wildcards.model} in {wildcards.study}"
    script:
        "../scripts/evidence.py"


rule optimum:
    input:
        class_0=lambda w: RESULTS / w.study / f"evidence/{pair_models(w.pair)[0]}.h5",
        class_1=lambda w: RESULTS / w.study / f"evidence/{pair_models(w.pair)[1]}.h5",
    output:
        logits=RESULTS / "{study}/{pair}/optimum.h5",
    log:
        RESULTS / "logs/{study}/{pair}/optimum.log",
    benchmark:
        RESULTS / "benchmarks/{study}/{pair}/optimum.tsv"
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code("optimum.py"),
    message:
        "exact optimum of {wildcards.pair} in {wildcards.study}"
    script:
        "../scripts/optimum.py"


rule bayes:
    input:
        evidence=RESULTS / "{study}/evidence/AOUP.h5",
    output:
        estimates=RESULTS / "{study}/estimates/bayes.h5",
    log:
        RESULTS / "logs/{study}/estimates/bayes.log",
    benchmark:
        RESULTS / "benchmarks/{study}/estimates/bayes.tsv"
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        targets=lambda w: STUDIES[w.study]["estimates"]["targets"],
        code=code("bayes.py"),
    message:
        "Bayes estimates in {wildcards.study}"
    script:
        "../scripts/bayes.py"


rule scores:
    input:
        answers=lambda w: [
            path for files in plan.score_sources(w.study).values() for path in files.values()
        ],
    output:
        scores=report(
            RESULTS / "{study}/scores.csv",
            category="Scores",
            labels={"study": "{study}", "table": "log-loss and accuracy"},
            caption="../report/scores.rst",
        ),
        calibration=RESULTS / "{study}/calibration.csv",
        checks=report(
            RESULTS / "{study}/checks.csv",
            category="Checks",
            labels={"study": "{study}", "table": "self-checks of the optimum"},
            caption="../report/checks.rst",
        ),
        seeds=RESULTS / "{study}/seeds.csv",
    log:
        RESULTS / "logs/{study}/scores.log",
    benchmark:
        RESULTS / "benchmarks/{study}/scores.tsv"
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        files=lambda w: plan.score_sources(w.study),
        dt=lambda w: plan.dt(w.study),
        code=code("scores.py"),
    message:
        "scores of {wildcards.study}"
    script:
        "../scripts/scores.py"


rule estimates:
    input:
        bayes=RESULTS / "{study}/estimates/bayes.h5",
        answers=lambda w: list(plan.estimate_sources(w.study).values()),
    output:
        estimates=report(
            RESULTS / "{study}/estimates.csv",
            category="Scores",
            labels={"study": "{study}", "table": "errors of D and D_a"},
            caption="../report/estimates.rst",
        ),
    log:
        RESULTS / "logs/{study}/estimates.log",
    benchmark:
        RESULTS / "benchmarks/{study}/estimates.tsv"
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=500,
        runtime=10,
    params:
        methods=lambda w: list(plan.estimate_sources(w.study)),
        targets=lambda w: STUDIES[w.study]["estimates"]["targets"],
        dt=lambda w: plan.dt(w.study),
        code=code("estimates.py"),
    message:
        "errors of the estimates in {wildcards.study}"
    script:
        "../scripts/estimates.py"
