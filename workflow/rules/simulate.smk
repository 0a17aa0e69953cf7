"""Tracks of every study, model and split, as HDF5 shards."""


rule simulate:
    output:
        shard=RESULTS / "{study}/tracks/{split}/{model}-{shard}.h5",
    log:
        RESULTS / "logs/{study}/simulate-{split}-{model}-{shard}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/simulate-{split}-{model}-{shard}.tsv"
    wildcard_constraints:
        split="test",
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        parameters=lambda w: STUDIES[w.study]["parameters"],
        dt=lambda w: plan.dt(w.study),
        unit=lambda w: STUDIES[w.study]["unit"],
        made=lambda w: plan.made(w.study),
        n_points=lambda w: int(w.get("points", plan.points(w.study)[-1])),
        n_tracks=lambda w: STUDIES[w.study]["tracks"][w.split],
        shards=lambda w: STUDIES[w.study]["tracks"]["shards"],
        shard=lambda w: int(w.shard),
        seed=lambda w: plan.seed(w.study, w.split, w.model),
        code=code("simulate.py"),
    message:
        "simulate {wildcards.study}: {wildcards.split} tracks of {wildcards.model}, shard {wildcards.shard}"
    script:
        "../scripts/simulate.py"


use rule simulate as simulate_validation with:
    output:
        shard=RESULTS / "{study}/tracks/{split}/{model}-{points}-{shard}.h5",
    log:
        RESULTS / "logs/{study}/simulate-{split}-{model}-{points}-{shard}.log",
    benchmark:
        RESULTS / "benchmarks/{study}/simulate-{split}-{model}-{points}-{shard}.tsv"
    wildcard_constraints:
        split="validation",


use rule simulate_validation as simulate_training with:
    output:
        shard=kept(RESULTS / "{study}/tracks/{split}/{model}-{points}-{shard}.h5"),
    wildcard_constraints:
        split="train",
