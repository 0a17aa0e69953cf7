"""Networks: one training per task (a pair of models, or `estimates`) and network of the config."""


rule train:
    input:
        train_0=lambda w: plan.task_shards(w.study, w.task, "train", 0, w.network),
        train_1=lambda w: plan.task_shards(w.study, w.task, "train", 1, w.network),
        check_0=lambda w: plan.task_shards(w.study, w.task, "validation", 0, w.network),
        check_1=lambda w: plan.task_shards(w.study, w.task, "validation", 1, w.network),
    output:
        network=RESULTS / "{study}/{task}/{network}.keras",
        history=RESULTS / "{study}/{task}/{network}.csv",
    log:
        RESULTS / "logs/{study}/{task}/train-{network}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/{task}/train-{network}.tsv"
    priority: 10
    conda:
        "../../envs/train.yaml"
    resources:
        mem_mb=3000,
        runtime=120,
    params:
        network=lambda w: plan.network_settings(w.study, w.task, w.network),
        training=lambda w: plan.training_settings(w.study, w.task, w.network),
        tracks=lambda w: {k: STUDIES[w.study]["tracks"][k] for k in ("train", "validation")},
        parameters=lambda w: STUDIES[w.study]["parameters"],
        dt=lambda w: plan.dt(w.study),
        task=lambda w: "estimate" if w.task == "estimates" else "classify",
        names=lambda w: plan.task_names(w.study, w.task),
        seed=lambda w: plan.network_seed(w.study, w.task, w.network),
        made=lambda w: plan.made(w.study),
        backend=config["backend"],
        code=code("train.py"),
    message:
        "train {wildcards.network} of {wildcards.study}: {wildcards.task}"
    script:
        "../scripts/train.py"


rule domain:
    input:
        check_0=lambda w: plan.task_shards(w.study, w.task, "validation", 0, w.network),
        check_1=lambda w: plan.task_shards(w.study, w.task, "validation", 1, w.network),
    output:
        domain=RESULTS / "{study}/{task}/{network}-domain.h5",
    log:
        RESULTS / "logs/{study}/{task}/domain-{network}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/{task}/domain-{network}.tsv"
    wildcard_constraints:
        network="[a-z][a-z0-9_]*",
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        points=lambda w: plan.domain_points(w.study, w.task, w.network),
        ranges=lambda w: {name: list(plan.range(w.study, name)) for name in ("kappa", "tau_a")},
        made=lambda w: plan.made(w.study),
        code=code("domain.py"),
    message:
        "what the tracks of {wildcards.network} are like in {wildcards.study}: {wildcards.task}"
    script:
        "../scripts/domain.py"


rule predict:
    input:
        networks=lambda w: plan.network_files(w.study, w.task, w.network),
        class_0=lambda w: plan.task_shards(w.study, w.task, "test", 0),
        class_1=lambda w: plan.task_shards(w.study, w.task, "test", 1),
    output:
        answers=RESULTS / "{study}/{task}/{network}.h5",
    log:
        RESULTS / "logs/{study}/{task}/predict-{network}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/{task}/predict-{network}.tsv"
    wildcard_constraints:
        network="(?!optimum|bayes)[a-z][a-z0-9_]*",
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        points=lambda w: plan.scored_points(w.study, w.task, w.network),
        seeds=lambda w: plan.networks(w.study, w.task)[w.network]["seeds"],
        made=lambda w: plan.made(w.study),
        code=code("predict.py"),
    message:
        "answers of {wildcards.network} in {wildcards.study}: {wildcards.task}"
    script:
        "../scripts/predict.py"


# `make ready` asks for it alone: the networks are shipped with the package.
rule made:
    input:
        unpack(lambda w: plan.ready_sources()),
    output:
        made=RESULTS / "{study}/made.json",
    log:
        RESULTS / "logs/{study}/made.log",
    benchmark:
        RESULTS / "benchmarks/{study}/made.tsv"
    wildcard_constraints:
        study=one_of([config["ready"]] if READY else []),
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        points=lambda w: plan.points(w.study),
        settings=lambda w: plan.ready_settings(),
        made=lambda w: plan.made(w.study),
        code=code("train.py"),
    message:
        "what the networks of {wildcards.study} follow from, and their scores"
    script:
        "../scripts/made.py"
