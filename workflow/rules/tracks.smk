"""Experimental records of the sheet, and the synthetic ones of the config: from file to verdict."""


rule synthetic_record:
    output:
        record=RESULTS / "tracks/{track}/synthetic.h5",
    log:
        RESULTS / "logs/tracks/{track}/synthetic.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/synthetic.tsv"
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        model=lambda w: config["synthetic_records"][w.track]["model"],
        parameters=lambda w: config["synthetic_records"][w.track]["parameters"],
        n_points=lambda w: config["synthetic_records"][w.track]["n_points"],
        dt=lambda w: SHEET[w.track].dt,
        unit=lambda w: SHEET[w.track].unit,
        seed=lambda w: plan.seed("synthetic_records", w.track),
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
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        records=plan.checked_records(),
        code=code("check_records.py"),
    message:
        "check the records of {input.sheet}"
    script:
        "../scripts/check_records.py"


rule record:
    input:
        file=lambda w: plan.record_file(w.track),
    output:
        record=RESULTS / "tracks/{track}/record.h5",
    log:
        RESULTS / "logs/tracks/{track}/record.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/record.tsv"
    conda:
        "../../envs/records.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        options=lambda w: SHEET[w.track].reading(),
        study=lambda w: plan.study_options(w.track),
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
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        slow_trap=lambda w: plan.slow_trap(SHEET[w.track].study),
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
    log:
        RESULTS / "logs/tracks/{track}/exact.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/exact.tsv"
    conda:
        "../../envs/findings.yaml"
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        parameters=lambda w: STUDIES[SHEET[w.track].study]["parameters"],
        nodes=lambda w: STUDIES[SHEET[w.track].study]["nodes"],
        points=lambda w: plan.points(SHEET[w.track].study),
        seed=lambda w: plan.seed("exact", w.track) % 2**31,
        code=code("exact_record.py"),
    message:
        "exact likelihoods of {wildcards.track}"
    script:
        "../scripts/exact_record.py"


rule network_record:
    input:
        record=RESULTS / "tracks/{track}/record.h5",
        networks=lambda w: list(plan.record_networks(w.track).values()),
        domains=lambda w: domains_of(plan.record_networks(w.track).values()),
    output:
        summary=RESULTS / "tracks/{track}/network.json",
        segments=RESULTS / "tracks/{track}/network-segments.csv",
    log:
        RESULTS / "logs/tracks/{track}/network.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/network.tsv"
    conda:
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=30,
    params:
        tasks=lambda w: list(plan.record_networks(w.track)),
        points=lambda w: plan.points(SHEET[w.track].study),
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
    priority: 10
    conda:
        "../../envs/findings.yaml"
    threads: record_threads
    resources:
        mem_mb=2000,
        runtime=30,
    params:
        instrument=lambda w: SHEET[w.track].instrument,
        trap=lambda w: SHEET[w.track].trap,
        choices=lambda w: merged(config["verdict"], w.track, SHEET[w.track].trap),
        effort=config["verdict"]["effort"],
        seed=lambda w: plan.record_seed(w.track),
        code=code("findings.py"),
    message:
        "compare the models for {wildcards.track}"
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
        "../../envs/simulate.yaml"
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study=config["ready"],
        tasks=list(READY),
        code=code("ready_record.py"),
    message:
        "ready networks' answers for {wildcards.track}"
    script:
        "../scripts/ready_record.py"


rule verdict:
    input:
        unpack(lambda w: plan.verdict_sources(w.track)),
    output:
        verdict=RESULTS / "tracks/{track}/verdict.json",
        tracks=RESULTS / "tracks/{track}/tracks.csv",
    log:
        RESULTS / "logs/tracks/{track}/verdict.log",
    benchmark:
        RESULTS / "benchmarks/tracks/{track}/verdict.tsv"
    conda:
        "../../envs/tables.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        about=lambda w: plan.verdict_about(w.track),
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
    resources:
        mem_mb=1000,
        runtime=5,
    params:
        code=code("page.py"),
    message:
        "page of {wildcards.track}"
    script:
        "../scripts/page.py"


rule verdicts:
    input:
        verdicts=of_usable("verdict.json"),
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


rule conditions:
    input:
        records=lambda w: [RESULTS / f"tracks/{track}/record.h5" for track in compared_tracks()],
    output:
        page=report(
            RESULTS / "conditions/conditions.html",
            category="Records",
            labels={"page": "conditions compared"},
            caption="../report/conditions.rst",
        ),
        tracks=RESULTS / "conditions/tracks.csv",
        ratios=RESULTS / "conditions/ratios.csv",
        facts=RESULTS / "conditions/conditions.json",
        figures=[RESULTS / f"conditions/conditions.{kind}" for kind in ("pdf", "png")],
    log:
        RESULTS / "logs/conditions.log",
    benchmark:
        RESULTS / "benchmarks/conditions.tsv"
    conda:
        "../../envs/conditions.yaml"
    threads: record_threads
    resources:
        mem_mb=2000,
        runtime=60,
    params:
        cells=lambda w: [plan.cell(track) for track in compared_tracks()],
        question=lambda w: plan.compared_question(compared_tracks()[0]),
        code=code("conditions.py"),
    message:
        "compare the conditions of the sheet"
    script:
        "../scripts/conditions.py"


rule published:
    input:
        published=[p for p in sorted(Path("data/published").glob("*.csv")) if p.stem != "remarks"],
        remarks="data/published/remarks.csv",
        scores=plan.tables("scores"),
        verdict=plan.twin_files("verdict.json"),
        segments=plan.twin_files("network-segments.csv"),
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
