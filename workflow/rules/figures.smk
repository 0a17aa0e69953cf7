"""Figures: one table of what each shows, and the rules that draw them, as PDF and PNG."""

PAPER, SCORES, CHECKS, RECORDS = "Figures of the paper", "Scores", "Checks", "Records"

# By name, below figures/ or tracks/: script, category and labels in the report, inputs of the
# script, and what else it must know.
FIGURES = {
    "published": Figure(
        "published",
        "Published against reproduced",
        {"figure": "the paper's numbers beside ours"},
        {"table": RESULTS / "published.csv"},
        {},
    ),
    "times": Figure(
        "times",
        CHECKS,
        {"figure": "run times"},
        {"tables": [*TABLES, RESULTS / "tracks/verdicts.csv"]},
        {"folder": str(RESULTS / "benchmarks"), "parts": [*STUDIES, "tracks"]},
        by="times",
    ),
}

if study := plan.example_study:
    FIGURES["figure1"] = Figure(
        "setup",
        PAPER,
        {"figure": "1: set-up, tracks, network"},
        {
            "class_0": plan.shards(study, "test", "Passive"),
            "class_1": plan.shards(study, "test", "AOUP"),
            "records": lambda: [
                RESULTS / f"tracks/{track}/record.h5" for track in plan.examples(studied_tracks())
            ],
        },
        {
            "records": lambda: [
                plan.record_about(track) for track in plan.examples(studied_tracks())
            ],
            "made": plan.made(study),
        },
    )

if study := plan.answer_study:
    pairs = plan.lstm_pairs(study)
    FIGURES["figure2"] = Figure(
        "answers",
        PAPER,
        {"figure": "2: answers of the classifiers"},
        {
            "networks": [
                RESULTS / study / pair / f"{plan.first_lstm(study, pair)}.h5" for pair in pairs
            ],
            "optimum": [RESULTS / study / pair / "optimum.h5" for pair in pairs],
        },
        {"pairs": pairs, "dt": plan.dt(study)},
    )

if plan.calibrated():
    FIGURES["calibration"] = Figure(
        "calibration",
        CHECKS,
        {"figure": "calibration"},
        {"calibration": plan.tables("calibration")},
        {"pairs": plan.calibrated()},
    )

if studies := plan.mechanism_studies():
    FIGURES["mechanism"] = Figure(
        "mechanism",
        SCORES,
        {"figure": "which mechanism: how long, how strong"},
        {"scores": [RESULTS / study / "scores.csv" for study, *_ in studies]},
        {"studies": studies},
        by="mechanism",
    )

for study in STUDIES:
    for pair, files in plan.score_sources(study).items():
        scored = {
            "scores": RESULTS / study / "scores.csv",
            "published": "data/published/log_loss.csv",
        }
        FIGURES[f"{study}/log-loss-{pair}"] = Figure(
            "log_loss",
            SCORES,
            {"study": study, "table": f"log-loss against duration, {pair}"},
            scored,
            {"study": study, "pair": pair, "methods": plan.shown_methods(study, pair)},
            by="log_loss",
            wanted=len(files) > 1,
        )
        if plan.is_comparison(study, pair):
            FIGURES[f"{study}/networks-{pair}"] = Figure(
                "networks",
                SCORES,
                {"study": study, "table": f"what each network loses, {pair}"},
                scored,
                {"study": study, "pair": pair, "methods": list(files)[1:]},
            )
    if histories := plan.histories(study):
        FIGURES[f"{study}/training"] = Figure(
            "training",
            CHECKS,
            {"study": study, "figure": "training"},
            {
                "histories": [file for *_, files in histories for file in files],
                "scores": plan.tables("scores", study),
                "estimates": plan.tables("estimates", study),
            },
            {"histories": histories, "dt": plan.dt(study)},
        )
    if plan.has_estimates(study):
        sources = plan.estimate_sources(study)
        FIGURES[f"{study}/estimates"] = Figure(
            "estimates",
            SCORES,
            {"study": study, "table": "estimates of D and D_a against the truth"},
            {"bayes": sources["bayes"], "network": sources[plan.first_lstm(study, "estimates")]},
            plan.estimates_about(study),
        )

RECORD_FIGURES = {
    "record": ("positions", ["record.h5"]),
    "correlation": ("autocorrelation", ["fit.json", "correlation.h5"]),
    "segments": (
        "answers along it",
        ["verdict.json", "exact-segments.csv", "network-segments.csv"],
    ),
}

for track in (track for track, row in SHEET.items() if row.study):
    for kind, (label, files) in RECORD_FIGURES.items():
        FIGURES[f"{track}/{kind}"] = Figure(
            kind,
            RECORDS,
            {"track": track, "figure": label},
            {Path(name).stem.split("-")[0]: RESULTS / "tracks" / track / name for name in files},
            plan.record_about(track),
            by="record_figure",
            wanted=False,
        )

FIGURES = as_in_paper(
    FIGURES,
    {
        "figure3": (f"{plan.example_study}/log-loss-Passive-AOUP", "3: log-loss against duration"),
        "figure4": (f"{plan.estimate_study}/estimates", "4: estimates of D and D_a"),
        "figure5": (f"{plan.paper_record}/correlation", "5: autocorrelation"),
    },
    PAPER,
)


rule figure:
    input:
        unpack(lambda w: FIGURES[w.figure].planned("inputs")),
    output:
        pdf=RESULTS / "figures/{figure}.pdf",
        png=shown("figures/{figure}.png", "figures"),
    log:
        RESULTS / "logs/figures/{figure}.log",
    benchmark:
        RESULTS / "benchmarks/figures/{figure}.tsv"
    wildcard_constraints:
        figure=drawn_by("figure"),
    conda:
        "../../envs/figures.yaml"
    resources:
        mem_mb=500,
        runtime=5,
    params:
        script=lambda w: FIGURES[w.figure].script,
        about=lambda w: FIGURES[w.figure].planned("about"),
        code=lambda w: code(f"figures/{FIGURES[w.figure].script}.py"),
    message:
        "draw figure {wildcards.figure}"
    script:
        "../scripts/figures/{params.script}.py"


use rule figure as record_figure with:
    output:
        pdf=RESULTS / "tracks/{figure}.pdf",
        png=shown("tracks/{figure}.png", "figures"),
    wildcard_constraints:
        figure=drawn_by("record_figure"),


use rule figure as log_loss with:
    output:
        pdf=RESULTS / "figures/{figure}.pdf",
        png=shown("figures/{figure}.png", "log_loss"),
        table=shown("figures/{figure}-fits.csv", "fits", file="table of the fits"),
    wildcard_constraints:
        figure=drawn_by("log_loss"),


use rule figure as mechanism with:
    output:
        pdf=RESULTS / "figures/{figure}.pdf",
        png=shown("figures/{figure}.png", "mechanism"),
        table=shown("{figure}.csv", "mechanism", file="table"),
    wildcard_constraints:
        figure=drawn_by("mechanism"),


use rule figure as times with:
    output:
        pdf=RESULTS / "figures/{figure}.pdf",
        png=shown("figures/{figure}.png", "times"),
        table=shown("figures/{figure}.csv", "times", file="table"),
    wildcard_constraints:
        figure=drawn_by("times"),
