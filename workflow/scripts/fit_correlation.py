"""The empirical autocorrelation of a record, with errors, and the fit of C(t)."""

from typing import TYPE_CHECKING

from activenoise.logs import open_log

if TYPE_CHECKING:
    from snakemake.iocontainers import Snakemake, snakemake


def main(job: "Snakemake") -> None:
    open_log(job.log[0], job.threads)
    from activenoise.analysis.correlation import diffusion_from_increments, fit_autocorrelation
    from activenoise.files import write_arrays, write_json
    from activenoise.reading.record import load_studied

    positions, dt = load_studied(job.input.record)
    fit = fit_autocorrelation(positions, dt, slow_trap=job.params.slow_trap)
    passive = fit.passive or fit
    summary = {
        "AOUP": {name: fit[name]._asdict() for name in fit.model.parameters},
        "RBP": {name: value._asdict() for name, value in fit.as_rbp().items()},
        "Passive": {name: passive[name]._asdict() for name in passive.model.parameters},
        "reduced_chi2": {"AOUP": fit.reduced_chi2, "Passive": passive.reduced_chi2},
        "unresolved": list(fit.unresolved),
        "D_from_increments": diffusion_from_increments(positions, dt)._asdict(),
    }
    write_json(job.output.fit, summary)
    write_arrays(
        job.output.correlation,
        lags=fit.lags,
        correlation=fit.correlation,
        standard_error=fit.correlation_errors,
        AOUP=fit.expected,
        Passive=passive.expected,
    )


if __name__ == "__main__":
    main(snakemake)
