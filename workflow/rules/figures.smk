"""Figures: each from the tables and files it shows, as PDF and PNG."""


def drawn(stem):
    """The two files of a figure."""
    return {"pdf": RESULTS / f"{stem}.pdf", "png": RESULTS / f"{stem}.png"}


def shown(stem, caption, category, **labels):
    """The files of a figure, the PNG in the report."""
    files = drawn(stem)
    png = report(
        files["png"], category=category, labels=labels, caption=f"../report/{caption}.rst"
    )
    return files | {"png": png}


def lstm_pairs(study):
    """The pairs of a study that an LSTM answers for, in the order of the paper."""
    pairs = STUDIES[study]["pairs"]
    return [p for p in ("Passive-AOUP", "AOUP-RBP") if p in pairs and first_lstm(study, p)]


def paper_study(name, holds):
    """The study of a figure of the paper if the config has it with what it needs, or the first one
    that has that, or None."""
    return next((study for study in (name, *STUDIES) if study in STUDIES and holds(study)), None)


EXAMPLE_STUDY = paper_study("benchmark", lambda s: "Passive-AOUP" in STUDIES[s]["pairs"])
ANSWER_STUDY = paper_study("granule", lstm_pairs)
ESTIMATE_STUDY = paper_study(
    "granule", lambda s: STUDIES[s]["estimates"] and first_lstm(s, "estimates")
)


def shown_methods(study, pair):
    """The optimum and the networks that the log-loss figure of a pair draws."""
    settings = STUDIES[study]["pairs"][pair]
    return ["optimum", *(name for name, network in settings.items() if not network["aside"])]


def is_comparison(study, pair):
    """Whether a pair has more networks than its log-loss figure shows, or several seeds."""
    settings = STUDIES[study]["pairs"][pair].values()
    return any(network["aside"] or network["seeds"] > 1 for network in settings)


def mechanism_studies():
    """Study, D_a/D and first LSTM of the studies that tell AOUP from RBP with known parameters."""
    found = []
    for study, settings in STUDIES.items():
        ranges = {n: parameter_range(n, spec) for n, spec in settings["parameters"].items()}
        known = all(low == high for low, high, _ in ranges.values())
        if "AOUP-RBP" in settings["pairs"] and known:
            found.append((study, ranges["D_a"][0] / ranges["D"][0], first_lstm(study, "AOUP-RBP")))
    return sorted(found, key=lambda item: item[1])


def record_about(track):
    """What a figure says of a record."""
    row = SHEET[track]
    return {"synthetic": row.file is None, "unit": row.unit, "interval": row.dt * row.stride}


def example_records():
    """The first synthetic and the first measured record that can be used."""
    good = studied_tracks()
    kinds = ([t for t in good if (SHEET[t].file is None) == kind] for kind in (True, False))
    return [tracks[0] for tracks in kinds if tracks]


def figure_files():
    """Every figure of the config but those of the records, which are known after their check."""
    stems = []
    if EXAMPLE_STUDY:
        stems += ["figures/figure1", "figures/figure3"]
    if ANSWER_STUDY:
        stems.append("figures/figure2")
    if ESTIMATE_STUDY:
        stems.append("figures/figure4")
    if paper_record():
        stems.append("figures/figure5")
    for study, settings in STUDIES.items():
        for pair, its_networks in settings["pairs"].items():
            if its_networks and (study, pair) != (EXAMPLE_STUDY, "Passive-AOUP"):
                stems.append(f"figures/{study}/log-loss-{pair}")
            if is_comparison(study, pair):
                stems.append(f"figures/{study}/networks-{pair}")
        stems += [f"figures/{study}/training"] if histories(study) else []
        if settings["estimates"] and first_lstm(study, "estimates") and study != ESTIMATE_STUDY:
            stems.append(f"figures/{study}/estimates")
    stems += ["figures/mechanism"] if mechanism_studies() else []
    stems += ["figures/calibration"] if any(s["pairs"] for s in STUDIES.values()) else []
    stems += ["figures/published", "figures/times"]
    return [path for stem in stems for path in drawn(stem).values()]


def record_figures(wildcards):
    stems = [
        f"tracks/{track}/{name}"
        for track in studied_tracks()
        for name in ("record", "correlation", "segments")
    ]
    return [path for stem in stems for path in drawn(stem).values()]


rule figure1:
    input:
        class_0=shards(EXAMPLE_STUDY, "test", "Passive") if EXAMPLE_STUDY else [],
        class_1=shards(EXAMPLE_STUDY, "test", "AOUP") if EXAMPLE_STUDY else [],
        records=lambda w: [RESULTS / f"tracks/{track}/record.h5" for track in example_records()],
    output:
        **shown("figures/figure1", "figure1", "Figures of the paper", figure="1: set-up, tracks, network"),
    log:
        RESULTS / "logs/figures/figure1.log",
    benchmark:
        RESULTS / "benchmarks/figures/figure1.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        models=["Passive", "AOUP"],
        example=0,
        records=lambda w: {track: record_about(track) for track in example_records()},
        code=code("figure1.py"),
    message:
        "figure 1"
    script:
        "../scripts/figure1.py"


rule figure2:
    input:
        networks=[
            RESULTS / f"{ANSWER_STUDY}/{pair}/{first_lstm(ANSWER_STUDY, pair)}.h5"
            for pair in (lstm_pairs(ANSWER_STUDY) if ANSWER_STUDY else [])
        ],
        optimum=[
            RESULTS / f"{ANSWER_STUDY}/{pair}/optimum.h5"
            for pair in (lstm_pairs(ANSWER_STUDY) if ANSWER_STUDY else [])
        ],
    output:
        **shown("figures/figure2", "figure2", "Figures of the paper", figure="2: answers of the classifiers"),
    log:
        RESULTS / "logs/figures/figure2.log",
    benchmark:
        RESULTS / "benchmarks/figures/figure2.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        pairs=lstm_pairs(ANSWER_STUDY) if ANSWER_STUDY else [],
        dt=sampling_interval(STUDIES[ANSWER_STUDY]) if ANSWER_STUDY else None,
        code=code("figure2.py"),
    message:
        "figure 2"
    script:
        "../scripts/figure2.py"


rule log_loss:
    input:
        scores=RESULTS / "{study}/scores.csv",
        published="data/published/log_loss.csv",
    output:
        **shown(
            "figures/{study}/log-loss-{pair}",
            "log_loss",
            "Scores",
            study="{study}",
            table="log-loss against duration, {pair}",
        ),
        fits=RESULTS / "figures/{study}/log-loss-{pair}-fits.csv",
    log:
        RESULTS / "logs/figures/{study}/log-loss-{pair}.log",
    benchmark:
        RESULTS / "benchmarks/figures/{study}/log_loss-{pair}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        study=lambda w: w.study,
        pair=lambda w: w.pair,
        methods=lambda w: shown_methods(w.study, w.pair),
        code=code("figure3.py"),
    message:
        "log-loss of {wildcards.pair} in {wildcards.study} against duration"
    script:
        "../scripts/figure3.py"


if EXAMPLE_STUDY:

    use rule log_loss as figure3 with:
        input:
            scores=RESULTS / EXAMPLE_STUDY / "scores.csv",
            published="data/published/log_loss.csv",
        output:
            **shown("figures/figure3", "log_loss", "Figures of the paper", figure="3: log-loss against duration"),
            fits=report(
                RESULTS / "figures/figure3-fits.csv",
                category="Figures of the paper",
                labels={"figure": "3: fits a exp(bT)"},
                caption="../report/fits.rst",
            ),
        log:
            RESULTS / "logs/figures/figure3.log",
        benchmark:
            RESULTS / "benchmarks/figures/figure3.tsv"
        params:
            study=EXAMPLE_STUDY,
            pair="Passive-AOUP",
            methods=shown_methods(EXAMPLE_STUDY, "Passive-AOUP"),
            code=code("figure3.py"),
        message:
            "figure 3"


rule networks_figure:
    input:
        scores=RESULTS / "{study}/scores.csv",
        published="data/published/log_loss.csv",
    output:
        **shown(
            "figures/{study}/networks-{pair}",
            "networks",
            "Scores",
            study="{study}",
            table="what each network loses, {pair}",
        ),
    log:
        RESULTS / "logs/figures/{study}/networks-{pair}.log",
    benchmark:
        RESULTS / "benchmarks/figures/{study}/networks-{pair}.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        study=lambda w: w.study,
        pair=lambda w: w.pair,
        methods=lambda w: list(STUDIES[w.study]["pairs"][w.pair]),
        code=code("figure_networks.py"),
    message:
        "networks of {wildcards.pair} in {wildcards.study} against the optimum"
    script:
        "../scripts/figure_networks.py"


rule mechanism_figure:
    input:
        scores=[RESULTS / study / "scores.csv" for study, *_ in mechanism_studies()],
    output:
        **shown("figures/mechanism", "mechanism", "Scores", figure="AOUP or RBP: how long, how strong"),
        table=report(
            RESULTS / "mechanism.csv",
            category="Scores",
            labels={"table": "AOUP or RBP: duration needed"},
            caption="../report/mechanism.rst",
        ),
    log:
        RESULTS / "logs/figures/mechanism.log",
    benchmark:
        RESULTS / "benchmarks/figures/mechanism_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        studies=mechanism_studies(),
        code=code("figure_mechanism.py"),
    message:
        "AOUP or RBP against duration and strength"
    script:
        "../scripts/figure_mechanism.py"


def estimate_inputs(study):
    folder = RESULTS / study / "estimates"
    return {"bayes": folder / "bayes.h5", "network": folder / f"{first_lstm(study, 'estimates')}.h5"}


def estimate_params(study):
    settings = STUDIES[study]
    targets = settings["estimates"]["targets"]
    return {
        "targets": targets,
        "network": first_lstm(study, "estimates"),
        "unit": settings["unit"],
        "duration": settings["durations"][-1],
        "ranges": {
            name: parameter_range(name, settings["parameters"][name])
            for name in targets
            if name in settings["parameters"]
        },
    }


rule estimates_figure:
    input:
        unpack(lambda w: estimate_inputs(w.study)),
    output:
        **shown(
            "figures/{study}/estimates",
            "figure4",
            "Scores",
            study="{study}",
            table="estimates of D and D_a against the truth",
        ),
    log:
        RESULTS / "logs/figures/{study}/estimates.log",
    benchmark:
        RESULTS / "benchmarks/figures/{study}/estimates_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        about=lambda w: estimate_params(w.study),
        code=code("figure4.py"),
    message:
        "estimates against the truth in {wildcards.study}"
    script:
        "../scripts/figure4.py"


if ESTIMATE_STUDY:

    use rule estimates_figure as figure4 with:
        input:
            **estimate_inputs(ESTIMATE_STUDY),
        output:
            **shown("figures/figure4", "figure4", "Figures of the paper", figure="4: estimates of D and D_a"),
        log:
            RESULTS / "logs/figures/figure4.log",
        benchmark:
            RESULTS / "benchmarks/figures/figure4.tsv"
        params:
            about=estimate_params(ESTIMATE_STUDY),
            code=code("figure4.py"),
        message:
            "figure 4"


rule correlation_figure:
    input:
        fit=RESULTS / "tracks/{track}/fit.json",
        correlation=RESULTS / "tracks/{track}/correlation.h5",
    output:
        **shown("tracks/{track}/correlation", "figure5", "Records", track="{track}", figure="autocorrelation"),
    log:
        RESULTS / "logs/tracks/{track}/correlation_figure.log",
    benchmark:
        RESULTS / "benchmarks/figures/{track}/correlation_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        track=lambda w: w.track,
        about=lambda w: record_about(w.track),
        code=code("figure5.py"),
    message:
        "autocorrelation of {wildcards.track}, drawn"
    script:
        "../scripts/figure5.py"


if paper_record():

    use rule correlation_figure as figure5 with:
        input:
            fit=RESULTS / f"tracks/{paper_record()}/fit.json",
            correlation=RESULTS / f"tracks/{paper_record()}/correlation.h5",
        output:
            **shown("figures/figure5", "figure5", "Figures of the paper", figure="5: autocorrelation"),
        log:
            RESULTS / "logs/figures/figure5.log",
        benchmark:
            RESULTS / "benchmarks/figures/figure5.tsv"
        params:
            track=paper_record(),
            about=record_about(paper_record()),
            code=code("figure5.py"),
        message:
            "figure 5"


rule record_figure:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
    output:
        **shown("tracks/{track}/record", "record", "Records", track="{track}", figure="positions"),
    log:
        RESULTS / "logs/tracks/{track}/record_figure.log",
    benchmark:
        RESULTS / "benchmarks/figures/{track}/record_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        track=lambda w: w.track,
        about=lambda w: record_about(w.track),
        code=code("figure_record.py"),
    message:
        "positions of {wildcards.track}, drawn"
    script:
        "../scripts/figure_record.py"


rule segments_figure:
    input:
        verdict=RESULTS / "tracks/{track}/verdict.json",
        exact=RESULTS / "tracks/{track}/exact-segments.csv",
        network=RESULTS / "tracks/{track}/network-segments.csv",
    output:
        **shown("tracks/{track}/segments", "segments", "Records", track="{track}", figure="answers along it"),
    log:
        RESULTS / "logs/tracks/{track}/segments_figure.log",
    benchmark:
        RESULTS / "benchmarks/figures/{track}/segments_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        track=lambda w: w.track,
        about=lambda w: record_about(w.track),
        code=code("figure_segments.py"),
    message:
        "answers along {wildcards.track}, drawn"
    script:
        "../scripts/figure_segments.py"


rule calibration_figure:
    input:
        calibration=[
            RESULTS / study / "calibration.csv" for study in STUDIES if STUDIES[study]["pairs"]
        ],
    output:
        **shown("figures/calibration", "calibration", "Checks", figure="calibration"),
    log:
        RESULTS / "logs/figures/calibration.log",
    benchmark:
        RESULTS / "benchmarks/figures/calibration_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        pairs=[
            (study, pair, ["optimum", *(n for n in nets if nets[n]["kind"] == "lstm")])
            for study in STUDIES
            for pair, nets in STUDIES[study]["pairs"].items()
        ],
        code=code("figure_calibration.py"),
    message:
        "calibration of the probabilities"
    script:
        "../scripts/figure_calibration.py"


def histories(study):
    """Task, network and its training histories."""
    return [
        (
            task,
            name,
            [f"{RESULTS}/{study}/{task}/{n}.csv" for n in network_names(study, task, name, seed=1)],
        )
        for task in tasks(study)
        for name in networks(study, task)
    ]


rule training_figure:
    input:
        histories=lambda w: [path for *_, paths in histories(w.study) for path in paths],
        scores=lambda w: [RESULTS / w.study / "scores.csv"] if STUDIES[w.study]["pairs"] else [],
        estimates=lambda w: (
            [RESULTS / w.study / "estimates.csv"] if STUDIES[w.study]["estimates"] else []
        ),
    output:
        **shown("figures/{study}/training", "training", "Checks", study="{study}", figure="training"),
    log:
        RESULTS / "logs/figures/{study}/training.log",
    benchmark:
        RESULTS / "benchmarks/figures/{study}/training_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        histories=lambda w: histories(w.study),
        dt=lambda w: sampling_interval(STUDIES[w.study]),
        code=code("figure_training.py"),
    message:
        "training curves of {wildcards.study}"
    script:
        "../scripts/figure_training.py"


rule published_figure:
    input:
        table=RESULTS / "published.csv",
    output:
        **shown("figures/published", "published_figure", "Published against reproduced", figure="the paper's numbers beside ours"),
    log:
        RESULTS / "logs/figures/published.log",
    benchmark:
        RESULTS / "benchmarks/figures/published_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        code=code("figure_published.py"),
    message:
        "published against reproduced"
    script:
        "../scripts/figure_published.py"


rule times_figure:
    input:
        TABLES,
        RESULTS / "tracks/verdicts.csv",
    output:
        **shown("figures/times", "times", "Checks", figure="run times"),
        table=report(
            RESULTS / "figures/times.csv",
            category="Checks",
            labels={"table": "run times"},
            caption="../report/times.rst",
        ),
    log:
        RESULTS / "logs/figures/times.log",
    benchmark:
        RESULTS / "benchmarks/figures/times_figure.tsv"
    conda:
        "../../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        folder=str(RESULTS / "benchmarks"),
        parts=[*STUDIES, "tracks"],
        code=code("figure_times.py"),
    message:
        "run times of the rules"
    script:
        "../scripts/figure_times.py"
