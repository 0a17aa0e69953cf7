"""Experimental records of the sheet, and the synthetic ones of the config: from file to verdict."""


def study_options(track):
    """What `studied` needs to know of the study of a record; nothing where it has none."""
    row = SHEET[track]
    if not row.study:
        return {}
    return {"stride": row.stride, "min_points": max(100, durations_in_points(row.study)[0])}


def record_file(wildcards):
    row = SHEET[wildcards.track]
    return row.file or RESULTS / f"tracks/{wildcards.track}/synthetic.h5"


def usable_tracks():
    """Tracks that passed the check, and the errors of those that did not."""
    with checkpoints.check_records.get().output.table.open() as table:
        errors = {row["track"]: row["error"] for row in csv.DictReader(table)}
    good = [track for track in SHEET if not errors.get(track)]
    return good, {track: error for track, error in errors.items() if error}


def studied_tracks():
    """Usable tracks that a study's networks answer for."""
    return [track for track in usable_tracks()[0] if SHEET[track].study]


def record_networks(wildcards):
    """The networks that answer for a record: of each task of its study the first of kind lstm."""
    study = SHEET[wildcards.track].study
    return {
        task: f"{RESULTS}/{study}/{task}/{name}.keras"
        for task in tasks(study)
        if task in ("Passive-AOUP", "AOUP-RBP", "estimates")
        for name in [first_lstm(study, task)]
        if name
    }


def domains_of(networks):
    """Beside each network file, what its training's tracks are like."""
    return [path.removesuffix(".keras") + "-domain.h5" for path in networks]


# Networks for records of any unit: this run's, or those that an earlier one left elsewhere.
READY_FOLDER = Path(config["ready_results"]) / str(config["ready"]) if config["ready_results"] else None


def ready_networks():
    """The networks of the ready study by task, none where there is no such study, or where an
    earlier run should have left them and has not."""
    study = config["ready"]
    if not study:
        return {}
    names = {task: first_lstm(study, task) for task in tasks(study)}
    folder = READY_FOLDER or RESULTS / study
    found = {
        task: f"{folder}/{task}/{name}.keras"
        for task, name in names.items()
        if task in ("Passive-AOUP", "estimates") and name
    }
    needed = [*found.values(), *domains_of(found.values())]
    return found if READY_FOLDER is None or all(Path(path).is_file() for path in needed) else {}


READY = ready_networks()


def track_study(wildcards):
    return STUDIES[SHEET[wildcards.track].study]


def slow_trap(study):
    """Whether the trap of a study is slower than its propulsion: C(t) alone cannot tell."""
    middle = 1.0
    for name in ("kappa", "tau_a"):
        low, high, _ = parameter_range(name, study["parameters"][name])
        middle *= (low * high) ** 0.5
    return middle < 1


rule synthetic_record:
    output:
        record=RESULTS / "tracks/{track}/synthetic.h5",
    log:
        RESULTS / "logs/tracks/{track}/synthetic.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/synthetic.tsv"
    conda:
        "../../envs/simulate.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        model=lambda w: config["synthetic_records"][w.track]["model"],
        parameters=lambda w: config["synthetic_records"][w.track]["parameters"],
        n_points=lambda w: config["synthetic_records"][w.track]["n_points"],
        dt=lambda w: SHEET[w.track].dt,
        unit=lambda w: SHEET[w.track].unit,
        seed=lambda w: derive_seed(config["seed"], "synthetic_records", w.track),
        code=code("synthetic_record.py"),
    message:
        "simulate the synthetic record {wildcards.track}"
    script:
        "../scripts/synthetic_record.py"


checkpoint check_records:
    input:
        sheet=config["records"],
        files=[row.file for row in SHEET.values() if row.file and row.file.is_file()],
    output:
        table=RESULTS / "tracks/records.csv",
    log:
        RESULTS / "logs/tracks/records.log",
    benchmark:
        RESULTS / "benchmarks/tracks/records.tsv"
    conda:
        "../../envs/records.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        records={
            track: {
                "path": str(row.file),
                "options": row.reading(),
                "study": study_options(track),
            }
            for track, row in SHEET.items()
            if row.file
        },
        code=code("check_records.py"),
    message:
        "check the records of {input.sheet}"
    script:
        "../scripts/check_records.py"


rule record:
    input:
        file=record_file,
    output:
        record=RESULTS / "tracks/{track}/record.h5",
    log:
        RESULTS / "logs/tracks/{track}/record.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/record.tsv"
    conda:
        "../../envs/records.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        options=lambda w: SHEET[w.track].reading(),
        study=lambda w: study_options(w.track),
        code=code("record.py"),
    message:
        "read the record {wildcards.track}"
    script:
        "../scripts/record.py"


rule fit_correlation:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
    output:
        fit=RESULTS / "tracks/{track}/fit.json",
        correlation=RESULTS / "tracks/{track}/correlation.h5",
    log:
        RESULTS / "logs/tracks/{track}/correlation.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/correlation.tsv"
    conda:
        "../../envs/correlation.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        slow_trap=lambda w: slow_trap(track_study(w)),
        code=code("fit_correlation.py"),
    message:
        "autocorrelation of {wildcards.track} and its fit"
    script:
        "../scripts/fit_correlation.py"


rule exact_record:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
    output:
        summary=RESULTS / "tracks/{track}/exact.json",
        segments=RESULTS / "tracks/{track}/exact-segments.csv",
    wildcard_constraints:
        track=one_of(track for track, row in SHEET.items() if row.study not in SAMPLED),
    log:
        RESULTS / "logs/tracks/{track}/exact.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/exact.tsv"
    conda:
        "../../envs/simulate.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        parameters=lambda w: track_study(w)["parameters"],
        nodes=lambda w: track_study(w)["nodes"],
        points=lambda w: durations_in_points(SHEET[w.track].study),
        code=code("exact_record.py"),
    message:
        "exact likelihoods of {wildcards.track}"
    script:
        "../scripts/exact_record.py"


rule sampled_exact_record:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
    output:
        summary=RESULTS / "tracks/{track}/exact.json",
        segments=RESULTS / "tracks/{track}/exact-segments.csv",
    wildcard_constraints:
        track=one_of(track for track, row in SHEET.items() if row.study in SAMPLED),
    log:
        RESULTS / "logs/tracks/{track}/exact.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/exact.tsv"
    conda:
        "../../envs/findings.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        parameters=lambda w: track_study(w)["parameters"],
        points=lambda w: durations_in_points(SHEET[w.track].study),
        seed=lambda w: derive_seed(config["seed"], "exact", w.track) % 2**31,
        code=code("sampled_exact_record.py"),
    message:
        "exact likelihoods of {wildcards.track}, sampled"
    script:
        "../scripts/sampled_exact_record.py"


rule network_record:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
        networks=lambda w: list(record_networks(w).values()),
        domains=lambda w: domains_of(record_networks(w).values()),
    output:
        summary=RESULTS / "tracks/{track}/network.json",
        segments=RESULTS / "tracks/{track}/network-segments.csv",
    log:
        RESULTS / "logs/tracks/{track}/network.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/network.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        tasks=lambda w: list(record_networks(w)),
        points=lambda w: durations_in_points(SHEET[w.track].study),
        backend=config["backend"],
        code=code("network_record.py"),
    message:
        "networks' answers for {wildcards.track}"
    script:
        "../scripts/network_record.py"


rule findings:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
    output:
        facts=RESULTS / "tracks/{track}/findings.json",
        arrays=RESULTS / "tracks/{track}/findings.h5",
    log:
        RESULTS / "logs/tracks/{track}/findings.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/findings.tsv"
    conda:
        "../../envs/findings.yaml"
    threads: RECORD_THREADS
    priority: 10
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        instrument=lambda w: SHEET[w.track].instrument,
        trap=lambda w: SHEET[w.track].trap,
        choices=lambda w: merged(config["verdict"], w.track, SHEET[w.track].trap),
        effort=config["verdict"]["effort"],
        seed=lambda w: derive_seed(config["seed"], "findings", w.track) % 2**31,
        code=code("findings.py"),
    message:
        "four models for {wildcards.track}"
    script:
        "../scripts/findings.py"


rule ready_record:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
        findings=RESULTS / "tracks/{track}/findings.json",
        networks=list(READY.values()),
        domains=domains_of(READY.values()),
    output:
        summary=RESULTS / "tracks/{track}/ready.json",
        segments=RESULTS / "tracks/{track}/ready-segments.csv",
    log:
        RESULTS / "logs/tracks/{track}/ready.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/ready.tsv"
    conda:
        "../../envs/train.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        study=config["ready"],
        tasks=list(READY),
        ranges={
            name: parameter_range(name, STUDIES[config["ready"]]["parameters"][name])
            for name in (("kappa", "tau_a") if READY else ())
        },
        backend=config["backend"],
        code=code("ready_record.py"),
    message:
        "ready networks' answers for {wildcards.track}"
    script:
        "../scripts/ready_record.py"


def verdict_sources(wildcards):
    """What a verdict is put together from: without a study no fit, likelihoods or networks of one."""
    folder = f"{RESULTS}/tracks/{wildcards.track}"
    sources = {"findings": f"{folder}/findings.json", "record": f"{folder}/record.h5"}
    if SHEET[wildcards.track].study:
        sources |= {name: f"{folder}/{name}.json" for name in ("fit", "exact", "network")}
    return sources | ({"ready": f"{folder}/ready.json"} if READY else {})


def track_about(track):
    """What a verdict repeats of the sheet and the config."""
    row = SHEET[track]
    about = {
        name: getattr(row, name)
        for name in ("study", "unit", "dt", "stride", "instrument", "trap", "scale", "column", "note")
    }
    about |= {"synthetic": row.file is None, "file": str(row.file or "")}
    about["ready_missing"] = bool(config["ready"]) and not READY
    return about | ({"parameters": STUDIES[row.study]["parameters"]} if row.study else {})


rule verdict:
    input:
        unpack(verdict_sources),
    output:
        verdict=RESULTS / "tracks/{track}/verdict.json",
        tracks=RESULTS / "tracks/{track}/tracks.csv",
    log:
        RESULTS / "logs/tracks/{track}/verdict.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/verdict.tsv"
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        about=lambda w: track_about(w.track),
        code=code("verdict.py"),
    message:
        "verdict on {wildcards.track}"
    script:
        "../scripts/verdict.py"


rule page:
    input:
        verdict=RESULTS / "tracks/{track}/verdict.json",
        record=RESULTS / "tracks/{track}/record.h5",
        arrays=RESULTS / "tracks/{track}/findings.h5",
        template=workflow.source_path("../activenoise/report/verdict.html.j2"),
    output:
        page=report(
            RESULTS / "tracks/{track}/verdict.html",
            category="Records",
            labels={"record": "{track}", "page": "verdict"},
            caption="../report/verdict.rst",
        ),
    log:
        RESULTS / "logs/tracks/{track}/page.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/page.tsv"
    conda:
        "../../envs/page.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code("page.py"),
    message:
        "page of {wildcards.track}"
    script:
        "../scripts/page.py"


def pages(wildcards):
    return [RESULTS / f"tracks/{track}/verdict.html" for track in usable_tracks()[0]]


rule verdicts:
    input:
        verdicts=lambda w: [f"{RESULTS}/tracks/{track}/verdict.json" for track in usable_tracks()[0]],
    output:
        table=report(
            RESULTS / "tracks/verdicts.csv",
            category="Records",
            labels={"table": "verdicts"},
            caption="../report/verdicts.rst",
        ),
    log:
        RESULTS / "logs/tracks/verdicts.log",
    benchmark:
        RESULTS / "benchmarks/tracks/verdicts.tsv"
    conda:
        "../../envs/tables.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        errors=lambda w: usable_tracks()[1],
        code=code("verdicts.py"),
    message:
        "table of the verdicts"
    script:
        "../scripts/verdicts.py"


def paper_record():
    """The synthetic twin of the paper's record in the sheet: the first synthetic one, or None."""
    names = [track for track, row in SHEET.items() if row.file is None]
    return names[0] if names else None


def twin_file(name):
    return [RESULTS / f"tracks/{paper_record()}/{name}"] if paper_record() else []


rule published:
    input:
        published=[p for p in sorted(Path("data/published").glob("*.csv")) if p.stem != "remarks"],
        remarks="data/published/remarks.csv",
        scores=[RESULTS / study / "scores.csv" for study in STUDIES if STUDIES[study]["pairs"]],
        verdict=twin_file("verdict.json"),
        segments=twin_file("network-segments.csv"),
    output:
        table=report(
            RESULTS / "published.csv",
            category="Published against reproduced",
            labels={"table": "every number of the paper beside ours"},
            caption="../report/published.rst",
        ),
    log:
        RESULTS / "logs/published.log",
    benchmark:
        RESULTS / "benchmarks/published.tsv"
    conda:
        "../../envs/published.yaml"
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        questions={"Passive-AOUP": "p_active", "AOUP-RBP": "p_rbp"},
        longest={study: STUDIES[study]["durations"][-1] for study in STUDIES},
        code=code("published.py"),
    message:
        "the paper's numbers beside ours"
    script:
        "../scripts/published.py"
